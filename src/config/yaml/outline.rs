//! Where the top-level sections of a file and the items of its lists begin, judged by the lines alone. Good enough
//! to go on after a syntax error, or to look ahead; never the last word on what a file says.

/// A section that cannot be cut out with certainty.
#[derive(Debug)]
pub(crate) struct Unclear;

/// A stretch of lines to read on its own.
pub(super) struct Stretch<'a> {
    /// The lines.
    pub(super) text: &'a str,
    /// Lines of the file before it.
    pub(super) lines_before: u32,
    /// The section whose items it holds; `None` for top-level keys.
    pub(super) items_of: Option<&'a str>,
}

/// The lines of a file and those among them that begin a top-level key.
pub(super) struct Outline<'a> {
    text: &'a str,
    /// Byte at which each line begins.
    starts: Vec<usize>,
    /// Line indices (from 0) of top-level keys, with the key.
    keys: Vec<(usize, &'a str)>,
}

impl<'a> Outline<'a> {
    /// Looks at all lines.
    pub(super) fn of(text: &'a str) -> Self {
        let breaks = text
            .char_indices()
            .filter(|(at, c)| *c == '\n' || (*c == '\r' && text.as_bytes().get(at + 1) != Some(&b'\n')));
        let starts: Vec<usize> = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        let keys = starts.iter().enumerate().filter_map(|(i, at)| Some((i, key_of(&text[*at..])?)));
        let keys = keys.collect();
        Self { text, starts, keys }
    }

    /// The top-level key that a line (from 1) belongs to.
    pub(super) fn section_at(&self, line: u32) -> Option<&'a str> {
        let index = index(line);
        self.keys.iter().rev().find(|(at, _)| *at <= index).map(|(_, key)| *key)
    }

    /// Where reading can go on after a break in a line (from 1).
    pub(super) fn next_stretch(&self, broken: u32) -> Option<Stretch<'a>> {
        let broken = index(broken);
        let section = self.keys.iter().rev().find(|(at, _)| *at <= broken).copied();
        let end = self.keys.iter().map(|(at, _)| *at).find(|at| *at > broken);
        if let Some((key_line, key)) = section
            && let Some(indent) = (key_line + 1..=broken).find_map(|i| self.item_indent(i))
        {
            let last = end.unwrap_or(self.starts.len());
            let item = (broken + 1..last).find(|i| self.item_indent(*i) == Some(indent));
            if let Some(item) = item {
                return self.stretch(item, last, Some(key));
            }
        }
        end.and_then(|from| self.stretch(from, self.starts.len(), None))
    }

    /// What follows a stretch that was read without a break: the rest of the file after a list.
    pub(super) fn after(&self, stretch: &Stretch<'a>) -> Option<Stretch<'a>> {
        stretch.items_of?;
        let line = index(stretch.lines_before.saturating_add(1));
        let from = self.keys.iter().map(|(at, _)| *at).find(|at| *at > line)?;
        self.stretch(from, self.starts.len(), None)
    }

    fn stretch(&self, from: usize, to: usize, items_of: Option<&'a str>) -> Option<Stretch<'a>> {
        let start = *self.starts.get(from)?;
        let end = self.starts.get(to).copied().unwrap_or(self.text.len());
        Some(Stretch { text: self.text.get(start..end)?, lines_before: u32::try_from(from).ok()?, items_of })
    }

    /// The indentation of a line that begins a list item.
    fn item_indent(&self, line: usize) -> Option<usize> {
        let rest = self.text.get(*self.starts.get(line)?..)?;
        let indent = rest.len() - rest.trim_start_matches(' ').len();
        let after = rest[indent..].strip_prefix('-')?;
        after.is_empty().then_some(indent).or_else(|| after.starts_with([' ', '\n', '\r']).then_some(indent))
    }
}

fn index(line: u32) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1)
}

/// The key that a line begins with, if the line begins with one in its first column.
fn key_of(rest: &str) -> Option<&str> {
    let line = rest.split(['\n', '\r']).next()?;
    let (key, value) = line.split_once(':')?;
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    (!key.is_empty() && key.chars().all(word) && (value.is_empty() || value.starts_with([' ', '\t'])))
        .then_some(key)
}

/// The lines of the one section with this key, up to the next line that begins in the first column.
pub(super) fn section<'a>(text: &'a str, key: &str) -> Result<Option<Stretch<'a>>, Unclear> {
    if text.matches('\r').count() != text.matches("\r\n").count() {
        return Err(Unclear);
    }
    let (mut found, mut open, mut start) = (None, None, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if !line.starts_with([' ', '#', '\n', '\r', '\t']) {
            if let Some((from, lines_before)) = open.take() {
                found = Some((from, start, lines_before));
            }
            if key_of(line) == Some(key) {
                if found.is_some() {
                    return Err(Unclear);
                }
                open = Some((start, number));
            }
        }
        start += line.len();
    }
    let found = found.or(open.map(|(from, lines_before)| (from, text.len(), lines_before)));
    let Some((from, to, lines_before)) = found else { return Ok(None) };
    let lines_before = u32::try_from(lines_before).map_err(|_| Unclear)?;
    Ok(text.get(from..to).map(|text| Stretch { text, lines_before, items_of: None }))
}
