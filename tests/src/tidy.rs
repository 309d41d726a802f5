//! House rules as functions over text: each returns complaints, and none of them touches a file.

pub mod arrows;
pub mod purity;
pub mod sizes;
pub mod text;
pub mod words;

/// Whether an item is compiled for tests only, so that the rules for shipped code pass it by.
fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return attribute.path().is_ident("test");
        };
        list.path.is_ident("cfg") && list.tokens.to_string() == "test"
    })
}
