//! How heavy HTML is, by a dry run of the parser that will read it: elements and attributes are
//! counted as they are made, and nothing is kept of them.
//!
//! It stops at the first limit, so that what it costs is bounded as what it measures. Its own work
//! is counted too, in steps: the parser that reads the HTML later takes the same.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use html5ever::tree_builder::{
    ElementFlags, NodeOrText, QuirksMode, TreeBuilder, TreeSink, create_element,
};
use html5ever::{Attribute, ExpandedName, QualName, TokenizerResult, local_name, ns};

use crate::settings::PICTURE_BYTES_MAX;

/// More start tags than this are not rendered, nor more end tags.
pub const HTML_TAGS_MAX: usize = 30_000;
/// More elements inside each other than this are not rendered: the time to build a tree grows
/// with it.
pub const HTML_DEPTH_MAX: usize = 500;
/// More elements than this are not rendered. They may be more than the tags: formatting that is
/// not closed is made again in each paragraph (HTML §13.2.4.3).
pub const HTML_ELEMENTS_MAX: usize = 2 * HTML_TAGS_MAX;
/// More attributes of one element than this are not rendered: each is compared with all others.
pub const HTML_ATTRIBUTES_MAX: usize = 200;
/// More bytes of attributes than this, on all elements that are made, are not rendered.
pub const HTML_ATTRIBUTE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// More steps of building the tree than this are not made: looks at open elements and their names,
/// changes of place. A tag that looks through all that is open takes as many as that is deep.
pub const HTML_STEPS_MAX: usize = 5_000_000;

/// How many pieces one token may have before it ends: a tag has not been counted until then.
const PIECES_MAX: usize = 20_000;
const STEP_BYTES: usize = 4096;
/// The root of a fragment stands around all that is read.
const DEPTH_AROUND: usize = 1;

/// Whose HTML is weighed.
#[derive(Clone, Copy)]
pub(crate) enum Writer {
    Stranger,
    /// Our own: it may hold whole pictures, and no element has more attributes than it had before.
    Sanitiser,
}

/// What weighing found.
#[derive(Debug)]
pub(crate) struct Weight {
    /// Whether the HTML is over a limit.
    pub is_over: bool,
    /// How many steps it took to know.
    pub steps: usize,
}

/// Weighs HTML, up to the first limit that it is over; it may take no more than so many steps.
pub(crate) fn weigh(html: &str, writer: Writer, steps_max: usize) -> Weight {
    let (attribute_bytes_max, pieces_max) = match writer {
        Writer::Stranger => (HTML_ATTRIBUTE_BYTES_MAX, PIECES_MAX),
        Writer::Sanitiser => (HTML_ATTRIBUTE_BYTES_MAX + PICTURE_BYTES_MAX, usize::MAX),
    };
    let scales = Scales {
        attribute_bytes_max,
        steps_max: steps_max.min(HTML_STEPS_MAX),
        ..Scales::default()
    };
    // The same context as the sanitiser's.
    let context = QualName::new(None, ns!(html), local_name!("div"));
    let context = create_element(&scales, context, Vec::new());
    let builder = TreeBuilder::new_for_fragment(scales, context, None, Default::default());
    let watched = Watched {
        builder,
        starts: Cell::default(),
        ends: Cell::default(),
        ended_token: Cell::default(),
    };
    let tokenizer = Tokenizer::new(watched, Default::default());
    let input = BufferQueue::default();
    let (mut rest, mut pieces) = (html, 0);
    while !rest.is_empty() {
        let (step, after) = rest.split_at(rest.floor_char_boundary(STEP_BYTES));
        rest = after;
        let more = pieces_of(step);
        pieces += more;
        if pieces > pieces_max {
            tokenizer.sink.builder.sink.over.set(true);
            break;
        }
        input.push_back(StrTendril::from_slice(step));
        // Scripts are not run: it goes on behind them.
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
        if tokenizer.sink.is_over() {
            break;
        }
        if tokenizer.sink.ended_token.take() {
            pieces = more;
        }
    }
    if !tokenizer.sink.is_over() {
        tokenizer.end();
    }
    Weight {
        is_over: tokenizer.sink.is_over(),
        steps: tokenizer.sink.builder.sink.steps.get(),
    }
}

/// At least as many as attributes begin here.
fn pieces_of(step: &str) -> usize {
    let separates = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'');
    let pairs = step.as_bytes().windows(2);
    pairs
        .filter(|pair| separates(&pair[0]) && !separates(&pair[1]))
        .count()
        + 1
}

/// The tree builder, given no more tokens once a limit is passed.
struct Watched {
    builder: TreeBuilder<Rc<Element>, Scales>,
    starts: Cell<usize>,
    ends: Cell<usize>,
    ended_token: Cell<bool>,
}

impl Watched {
    fn is_over(&self) -> bool {
        let tags = self.starts.get().max(self.ends.get());
        tags > HTML_TAGS_MAX || self.builder.sink.over.get()
    }
}

impl TokenSink for Watched {
    type Handle = Rc<Element>;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Rc<Element>> {
        if let Token::TagToken(tag) = &token {
            let tags = match tag.kind {
                TagKind::StartTag => &self.starts,
                TagKind::EndTag => &self.ends,
            };
            tags.set(tags.get() + 1);
            self.builder.sink.check_attributes(tag.attrs.len());
        }
        if !matches!(token, Token::ParseError(_)) {
            self.ended_token.set(true);
        }
        if self.is_over() {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// What a parser has to know of an element.
struct Element {
    name: QualName,
    flags: ElementFlags,
    depth: Cell<usize>,
}

/// Where elements are weighed instead of being put into a tree.
#[derive(Default)]
struct Scales {
    elements: Cell<usize>,
    /// Attributes that later tags added to elements there were.
    merged: Cell<usize>,
    attribute_bytes: Cell<usize>,
    attribute_bytes_max: usize,
    steps: Cell<usize>,
    steps_max: usize,
    over: Cell<bool>,
}

impl Scales {
    fn step(&self) {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > self.steps_max {
            self.over.set(true);
        }
    }

    fn check_attributes(&self, count: usize) {
        if count > HTML_ATTRIBUTES_MAX {
            self.over.set(true);
        }
    }

    fn weigh(&self, attributes: &[Attribute]) {
        let bytes = attributes
            .iter()
            .map(|a| a.name.local.len() + a.value.len());
        let bytes = self.attribute_bytes.get() + bytes.sum::<usize>();
        self.attribute_bytes.set(bytes);
        if bytes > self.attribute_bytes_max {
            self.over.set(true);
        }
    }

    fn place(&self, child: NodeOrText<Rc<Element>>, depth: usize) {
        self.step();
        if let NodeOrText::AppendNode(child) = child {
            child.depth.set(depth);
            if depth > HTML_DEPTH_MAX + DEPTH_AROUND {
                self.over.set(true);
            }
        }
    }

    fn node(&self, name: QualName, flags: ElementFlags) -> Rc<Element> {
        self.step();
        let depth = Cell::new(0);
        Rc::new(Element { name, flags, depth })
    }

    /// What is no element has no name, and nobody asks for it.
    fn nameless(&self) -> Rc<Element> {
        let name = QualName::new(None, ns!(), local_name!(""));
        self.node(name, ElementFlags::default())
    }
}

impl TreeSink for Scales {
    type Handle = Rc<Element>;
    type Output = ();
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) {}

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Rc<Element> {
        self.nameless()
    }

    fn elem_name<'a>(&'a self, element: &'a Rc<Element>) -> ExpandedName<'a> {
        self.step();
        element.name.expanded()
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        flags: ElementFlags,
    ) -> Rc<Element> {
        self.elements.set(self.elements.get() + 1);
        if self.elements.get() > HTML_ELEMENTS_MAX {
            self.over.set(true);
        }
        self.weigh(&attributes);
        self.node(name, flags)
    }

    fn create_comment(&self, _: StrTendril) -> Rc<Element> {
        self.nameless()
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Rc<Element> {
        self.nameless()
    }

    fn append(&self, parent: &Rc<Element>, child: NodeOrText<Rc<Element>>) {
        self.place(child, parent.depth.get() + 1);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Rc<Element>,
        _: &Rc<Element>,
        child: NodeOrText<Rc<Element>>,
    ) {
        // Before the table or, if it has no parent, one deeper in what stands around it.
        self.place(child, element.depth.get() + 1);
    }

    fn append_before_sibling(&self, sibling: &Rc<Element>, child: NodeOrText<Rc<Element>>) {
        self.place(child, sibling.depth.get());
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, template: &Rc<Element>) -> Rc<Element> {
        template.clone()
    }

    fn same_node(&self, one: &Rc<Element>, other: &Rc<Element>) -> bool {
        self.step();
        Rc::ptr_eq(one, other)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn add_attrs_if_missing(&self, _: &Rc<Element>, attributes: Vec<Attribute>) {
        self.merged.set(self.merged.get() + attributes.len());
        self.check_attributes(self.merged.get());
        self.weigh(&attributes);
    }

    fn remove_from_parent(&self, _: &Rc<Element>) {}

    fn reparent_children(&self, _: &Rc<Element>, _: &Rc<Element>) {}

    fn is_mathml_annotation_xml_integration_point(&self, element: &Rc<Element>) -> bool {
        element.flags.mathml_annotation_xml_integration_point
    }
}
