//! The reference of all codes: `docs/codes.md`, carried in the program, cut into its sections, shown as plain text.

use super::paint::Paint;
use serde::Serialize;

const REFERENCE: &str = include_str!("../../docs/codes.md");

/// Names offered for one that does not exist.
const MAX_NEAR: usize = 3;

/// What a code of an error, a problem, a guard or the exit means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The code: `bad_power`, `deletes`, `exit-4`.
    pub code: &'static str,
    /// The heading above it in the reference.
    pub group: &'static str,
    /// Its first sentence, without the full stop.
    pub summary: String,
    /// All of it, as plain text.
    pub text: String,
    #[serde(skip)]
    markdown: &'static str,
}

impl Explanation {
    fn new(code: &'static str, group: &'static str, markdown: &'static str) -> Self {
        let markdown = markdown.trim();
        let text = plain(markdown, Paint::default());
        let first = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        let sentence = first.split_once(". ").map_or(&*first, |(sentence, _)| sentence);
        let summary = sentence.trim_end_matches('.').to_owned();
        Self { code, group, summary, text, markdown }
    }
}

/// Every explanation, in the order of the reference.
pub fn explanations() -> Vec<Explanation> {
    let mut found = Vec::new();
    let mut group = "";
    // The section that is open: its code, and where its text begins.
    let mut open: Option<(&'static str, usize)> = None;
    let mut fenced = false;
    let mut at = 0;
    for line in REFERENCE.split_inclusive('\n') {
        fenced ^= line.starts_with("```");
        // In an example a # begins a comment.
        let heading =
            line.trim_end().split_once("# ").filter(|(mark, _)| !fenced && matches!(*mark, "" | "#"));
        if let Some((mark, title)) = heading {
            found.extend(open.take().map(|(code, from)| Explanation::new(code, group, &REFERENCE[from..at])));
            if mark.is_empty() {
                group = title;
            } else {
                open = Some((title, at + line.len()));
            }
        }
        at += line.len();
    }
    found.extend(open.map(|(code, from)| Explanation::new(code, group, &REFERENCE[from..])));
    found
}

/// The explanation that a person means by a word: a code in any case and with either dash, `error[code]` as it is
/// printed, an exit code as a bare number, a guard by its key in the fleet file.
pub fn find_explanation<'e>(all: &'e [Explanation], word: &str) -> Option<&'e Explanation> {
    let wanted = normal(word);
    let guard = wanted.strip_prefix("max_");
    let find = |wanted: &str| all.iter().find(|one| normal(one.code) == wanted);
    find(&wanted).or_else(|| guard.and_then(find))
}

/// Codes close to a word that is none, the closest first.
pub fn near_codes(all: &[Explanation], word: &str) -> Vec<&'static str> {
    const LEAST: usize = 4;
    let wanted = normal(word);
    let score = |code: &str| {
        let is_part = wanted.len() >= LEAST && code.contains(&wanted);
        if is_part { 1.0 } else { strsim::jaro_winkler(&wanted, code) }
    };
    let mut near: Vec<(f64, &'static str)> = all
        .iter()
        .map(|one| (score(&normal(one.code)), one.code))
        .filter(|(score, _)| *score > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    // What shares a beginning with everything is no hint beside a true neighbour.
    let best = near.first().map_or(0.0, |(score, _)| *score);
    near.retain(|(score, _)| best - score < 0.08);
    near.into_iter().take(MAX_NEAR).map(|(_, code)| code).collect()
}

fn normal(word: &str) -> String {
    let word = word.trim().to_lowercase();
    let level = ["error[", "warning["].into_iter().find_map(|level| word.strip_prefix(level));
    let word = level.unwrap_or(&word).trim_matches(['[', ']', ':', '.']);
    let word = word.replace(['-', ' '], "_");
    let is_number = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    if is_number { format!("exit_{word}") } else { word }
}

/// One explanation for people.
pub fn explanation_text(one: &Explanation, paint: Paint) -> String {
    let group = paint.dim(&format!("({})", one.group));
    format!("{} {group}\n\n{}\n", paint.bold(one.code), plain(one.markdown, paint))
}

/// All codes with their first sentences, under the headings of the reference.
pub fn explanations_text(all: &[Explanation], paint: Paint) -> String {
    let width = all.iter().map(|one| one.code.len()).max().unwrap_or(0);
    let mut out = String::new();
    let mut group = "";
    for one in all {
        if one.group != group {
            let between = if group.is_empty() { "" } else { "\n" };
            group = one.group;
            out = format!("{out}{between}{}\n", paint.bold(group));
        }
        out = format!("{out}  {:<width$}  {}\n", one.code, one.summary);
    }
    out
}

/// The reference's Markdown as text: examples indented, emphasis as boldness where that can be shown.
fn plain(markdown: &str, paint: Paint) -> String {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            lines.push(format!("    {line}").trim_end().to_owned());
        } else {
            let parts = line.split("**").enumerate();
            lines.push(
                parts.map(|(at, part)| if at % 2 == 1 { paint.bold(part) } else { part.into() }).collect(),
            );
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_written() {
        let all = explanations();
        for word in ["bad_power", "BAD-POWER", "error[bad_power]", "Warning[bad_power]:", " bad power "] {
            assert_eq!(find_explanation(&all, word).map(|one| one.code), Some("bad_power"), "{word}");
        }
        for word in ["4", "exit-4", "EXIT_4", "exit 4"] {
            assert_eq!(find_explanation(&all, word).map(|one| one.code), Some("exit-4"), "{word}");
        }
        assert_eq!(find_explanation(&all, "max-deletes").map(|one| one.code), Some("deletes"));
        for word in ["", "7", "04", "bad", "max_bad_power_", "error["] {
            assert_eq!(find_explanation(&all, word), None, "{word}");
        }
    }

    #[test]
    fn emphasis_and_fences_become_text() {
        let markdown = "A `b`.\n\n**Do:** c\n\n```yaml\n# no heading\na: \"**\"\n```";
        let text = "A `b`.\n\nDo: c\n\n\n    # no heading\n    a: \"**\"".replace("\n\n\n", "\n\n");
        assert_eq!(plain(markdown, Paint::default()), text);
        assert_eq!(plain("**Do:** c", Paint { on: true }), "\u{1b}[1mDo:\u{1b}[0m c");
    }
}
