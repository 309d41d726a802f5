//! Pure crates name no file, socket, process, clock or system randomness. Judged on the source;
//! code compiled for tests only is passed by.

use syn::visit::{self, Visit};

use super::is_test_only;

/// What no pure crate may name: any path of which one of these is a run of whole segments.
const FORBIDDEN: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::SystemTime",
    "std::time::Instant",
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "OsRng",
    "SysRng",
    "getrandom",
    "rand",
    "thread_rng",
    "tokio",
    "println",
    "eprintln",
    "include_bytes",
    "option_env",
];

/// Complains of every forbidden name in one source file of a pure crate.
pub fn check(file: &str, source: &str) -> Vec<String> {
    let parsed = match syn::parse_file(source) {
        Ok(parsed) => parsed,
        Err(error) => return vec![format!("{file}: cannot be parsed: {error}")],
    };
    let mut reader = Reader {
        file,
        complaints: Vec::new(),
    };
    reader.visit_file(&parsed);
    reader.complaints
}

struct Reader<'a> {
    file: &'a str,
    complaints: Vec<String>,
}

impl Reader<'_> {
    fn judge(&mut self, path: &str, line: usize) {
        let padded = format!("::{path}::");
        for forbidden in FORBIDDEN {
            if padded.contains(&format!("::{forbidden}::")) {
                self.complaints
                    .push(format!("{}:{line}: names `{path}`", self.file));
                return;
            }
        }
    }

    fn flatten(&mut self, before: &str, tree: &syn::UseTree, line: usize) {
        let join = |name: String| match before {
            "" => name,
            _ => format!("{before}::{name}"),
        };
        match tree {
            syn::UseTree::Path(path) => {
                self.flatten(&join(path.ident.to_string()), &path.tree, line);
            }
            syn::UseTree::Name(name) => self.judge(&join(name.ident.to_string()), line),
            syn::UseTree::Rename(rename) => self.judge(&join(rename.ident.to_string()), line),
            syn::UseTree::Glob(_) => self.judge(before, line),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.flatten(before, tree, line);
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            _ => &[],
        };
        if !is_test_only(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.flatten("", &item.tree, item.use_token.span.start().line);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let line = path
            .segments
            .first()
            .map_or(0, |s| s.ident.span().start().line);
        self.judge(&names.join("::"), line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let line = call.bang_token.span.start().line;
        let tokens = call.tokens.to_string().replace(' ', "");
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for path in tokens
            .split(|c| !is_name(c))
            .filter(|path| path.contains("::"))
        {
            self.judge(path, line);
        }
        visit::visit_macro(self, call);
    }
}
