//! How long a function, a file and a line may be, tests included. Raising a number is a commit.

use syn::visit::{self, Visit};

/// Lines of one function, from its signature to its closing brace.
pub const FUNCTION_LINES_MAX: usize = 70;
/// Lines of one file.
pub const FILE_LINES_MAX: usize = 500;
/// Characters of one line.
pub const LINE_COLUMNS_MAX: usize = 100;

/// Complains of one source file's long functions, its length and its long lines.
pub fn check(file: &str, source: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = source.lines().count();
    if lines > FILE_LINES_MAX {
        complaints.push(format!("{file}: {lines} lines, at most {FILE_LINES_MAX}"));
    }
    for (at, line) in source.lines().enumerate() {
        let columns = line.chars().count();
        if columns > LINE_COLUMNS_MAX {
            let number = at + 1;
            complaints.push(format!(
                "{file}:{number}: {columns} columns, at most {LINE_COLUMNS_MAX}"
            ));
        }
    }
    match syn::parse_file(source) {
        Ok(parsed) => {
            let mut ruler = Ruler { file, complaints };
            ruler.visit_file(&parsed);
            ruler.complaints
        }
        Err(error) => {
            complaints.push(format!("{file}: cannot be parsed: {error}"));
            complaints
        }
    }
}

struct Ruler<'a> {
    file: &'a str,
    complaints: Vec<String>,
}

impl Ruler<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let lines = block.brace_token.span.close().end().line + 1 - first;
        if lines > FUNCTION_LINES_MAX {
            let (file, name) = (self.file, &signature.ident);
            self.complaints.push(format!(
                "{file}:{first}: `{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}"
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Ruler<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
