//! References in settings: `${env:NAME}` and `${file:PATH}`, alone or within a text; `$${` is a literal `${`.

/// A stretch of a setting's text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Itself.
    Text(&'t str),
    /// An environment variable.
    Env(&'t str),
    /// The content of a file.
    File(&'t str),
}

/// A reference that cannot be read. Repeats nothing of the text: it may be part of a password.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadReference {
    /// What is wrong, as the end of a sentence that begins with the setting.
    pub(super) why: &'static str,
    /// What to do about it.
    pub(super) cure: &'static str,
}

const FORMS: &str = "write ${env:NAME} or ${file:PATH}; a literal ${ is written $${";

/// Splits a text at its references.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, BadReference> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            pieces.push(Piece::Text(&rest[..at - 1]));
            pieces.push(Piece::Text("${"));
            rest = &rest[at + 2..];
            continue;
        }
        pieces.push(Piece::Text(&rest[..at]));
        let inside = &rest[at + 2..];
        let end = inside.find('}').ok_or(BadReference { why: "has a ${ without its }", cure: FORMS })?;
        pieces.push(reference(&inside[..end])?);
        rest = &inside[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    Ok(pieces)
}

fn reference(inside: &str) -> Result<Piece<'_>, BadReference> {
    let bad = |why| Err(BadReference { why, cure: FORMS });
    match inside.split_once(':') {
        Some(("env", name)) if is_variable(name) => Ok(Piece::Env(name)),
        Some(("env", _)) => bad("refers to an environment variable by a name that none can have"),
        Some(("file", path)) if !path.is_empty() && !path.contains('\0') => Ok(Piece::File(path)),
        Some(("file", _)) => bad("refers to a file without a path"),
        _ => bad("has a reference of an unknown kind"),
    }
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stand_alone_or_within_a_text() {
        assert_eq!(pieces("abc"), Ok(vec![Piece::Text("abc")]));
        assert_eq!(pieces("${env:A_1}"), Ok(vec![Piece::Env("A_1")]));
        assert_eq!(
            pieces("https://${env:HOST}/x${file:/run/y}"),
            Ok(vec![Piece::Text("https://"), Piece::Env("HOST"), Piece::Text("/x"), Piece::File("/run/y")])
        );
        assert_eq!(pieces("a$${b}"), Ok(vec![Piece::Text("a"), Piece::Text("${"), Piece::Text("b}")]));
        assert_eq!(pieces("5$ and $HOME"), Ok(vec![Piece::Text("5$ and $HOME")]));
    }

    #[test]
    fn what_is_no_reference_is_refused_without_repeating_it() {
        for text in
            ["${env:}", "${env:1A}", "${env:A B}", "${file:}", "${vault:x}", "${NAME}", "a${env:A", "${"]
        {
            let error = pieces(text).unwrap_err();
            assert!(!error.why.contains("vault") && !error.why.contains("NAME"), "{text}");
        }
    }
}
