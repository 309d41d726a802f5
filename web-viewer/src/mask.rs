//! The address a code goes to, shown so that its owner knows it and nobody else learns it.

/// `bob.miller@partner.example` becomes `b•••r@partner.example`.
pub fn mask(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return "•••".to_owned();
    };
    let letters: Vec<char> = local.chars().collect();
    match letters.as_slice() {
        [first, _, .., last] if letters.len() > 3 => format!("{first}•••{last}@{domain}"),
        [first, ..] => format!("{first}•••@{domain}"),
        [] => format!("•••@{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn the_middle_is_hidden_and_so_is_its_length() {
        assert_eq!(mask("bob.miller@partner.example"), "b•••r@partner.example");
        assert_eq!(mask("anna@partner.example"), "a•••a@partner.example");
        assert_eq!(mask("bob@partner.example"), "b•••@partner.example");
        assert_eq!(mask("b@partner.example"), "b•••@partner.example");
        assert_eq!(mask("\"a@b\"@partner.example"), "\"•••\"@partner.example");
    }
}
