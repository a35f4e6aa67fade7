//! "Did you mean": the nearest of the words that would have been right.

/// Words compared at most; beyond it nobody reads a suggestion and the search would cost time.
const MAX_CANDIDATES: usize = 2000;

/// Longest text that suggestions are looked for, in bytes.
const MAX_LENGTH: usize = 100;

/// The candidate that is near enough to have been meant.
pub(super) fn nearest<'c>(text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let wanted = text.to_lowercase();
    let allowed = (wanted.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.len() <= MAX_LENGTH && !candidate.is_empty())
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Typing errors between two words; `-` and `_` are the same, and a missing or an additional ending counts one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.replace('-', "_"), b.replace('-', "_"));
    if a.len() >= 4 && b.starts_with(&a) || b.len() >= 4 && a.starts_with(&b) {
        return usize::from(a != b);
    }
    strsim::damerau_levenshtein(&a, &b)
}

/// `did you mean "…"?`, where something is near.
pub(super) fn did_you_mean<'c>(text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    nearest(text, candidates).map(|near| format!("did you mean {near:?}?"))
}

/// `a, b or c`, shortened where there are many.
pub(super) fn one_of(words: &[&str]) -> String {
    const MANY: usize = 16;
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [.., _] if words.len() > MANY => format!("{}, …", words[..MANY].join(", ")),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
