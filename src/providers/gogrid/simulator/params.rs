//! Parameters: from the query, and with POST from a form body too.

use super::{Answer, options, views};
use crate::simulator::{Request, form_pairs};

/// The parameters that every method takes.
const COMMON: [&str; 4] = ["api_key", "sig", "v", "format"];

/// The parameters of a call, in order, and what they were for.
#[derive(Debug)]
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    method: &'static str,
    /// The minor version: `6` of `1.6`.
    minor: u8,
}

/// A page of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) number: usize,
    /// `None` for everything at once.
    pub(super) items: Option<usize>,
}

impl Params {
    /// Reads them. A body that is no form is no parameter.
    pub(super) fn read(request: &Request) -> Answer<Self> {
        let garbled = || views::page(400, "Bad Request");
        let mut pairs = request.query_pairs().ok_or_else(garbled)?;
        let form = request.media_type().as_deref() == Some("application/x-www-form-urlencoded");
        if request.method == "POST" && form {
            let text = std::str::from_utf8(&request.body).map_err(|_| garbled())?;
            pairs.extend(form_pairs(text).ok_or_else(garbled)?);
        }
        Ok(Self { pairs, method: "", minor: 0 })
    }

    /// Checks the common parameters and that there are none that the method does not take.
    pub(super) fn of_method(mut self, method: &'static str, takes: &[&str]) -> Answer<Self> {
        self.method = method;
        let known = |key: &str| COMMON.contains(&key) || takes.contains(&key);
        if let Some((key, _)) = self.pairs.iter().find(|(key, _)| !known(key)) {
            return Err(self.illegal(&format!("The parameter '{key}' is not known.")));
        }
        let minor = self.single("v").and_then(|v| v.strip_prefix("1.")).filter(|minor| minor.len() == 1);
        self.minor = minor
            .and_then(|minor| minor.parse().ok())
            .ok_or_else(|| self.illegal("The parameter 'v' must be a version from 1.0 to 1.9."))?;
        match self.optional("format")? {
            None | Some("json") => {}
            Some(_) => return Err(self.illegal("The only format spoken here is json.")),
        }
        if self.minor < 5 && self.has("datacenter") {
            return Err(self.illegal("The parameter 'datacenter' needs version 1.5."));
        }
        Ok(self)
    }

    /// The method's path.
    pub(super) fn method(&self) -> &'static str {
        self.method
    }

    /// The minor version.
    pub(super) fn minor(&self) -> u8 {
        self.minor
    }

    /// The value of a parameter that is there exactly once.
    pub(super) fn single(&self, key: &str) -> Option<&str> {
        let mut values = self.all(key);
        values.next().filter(|_| values.next().is_none())
    }

    /// All values of a parameter.
    pub(super) fn all<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = &'a str> + use<'a, 'k> {
        self.pairs.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Whether it is there at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.all(key).next().is_some()
    }

    /// A parameter that may be left out; twice is a refusal.
    pub(super) fn optional(&self, key: &str) -> Answer<Option<&str>> {
        if self.all(key).nth(1).is_some() {
            return Err(self.illegal(&format!("The parameter '{key}' is given twice.")));
        }
        Ok(self.all(key).next())
    }

    /// A number that may be left out.
    pub(super) fn number(&self, key: &str) -> Answer<Option<u64>> {
        let bad = || self.illegal(&format!("The parameter '{key}' must be a whole number."));
        self.optional(key)?.map(|text| text.parse().map_err(|_| bad())).transpose()
    }

    /// `true` or `false`, or left out.
    pub(super) fn flag(&self, key: &str) -> Answer<Option<bool>> {
        let bad = || self.illegal(&format!("The parameter '{key}' must be true or false."));
        self.optional(key)?.map(|text| text.parse().map_err(|_| bad())).transpose()
    }

    /// An option of a lookup by id or name, or left out.
    pub(super) fn choice(&self, key: &str, table: &'static [options::Choice]) -> Answer<Option<u64>> {
        let Some(text) = self.optional(key)? else { return Ok(None) };
        let found = table.iter().find(|choice| choice.name == text || choice.id.to_string() == text);
        let bad = || self.illegal(&format!("The parameter '{key}' has no option '{text}'."));
        found.map(|choice| Some(choice.id)).ok_or_else(bad)
    }

    /// Which page is asked for. `page` means nothing without `num_items`; `default` holds where that is left out.
    pub(super) fn page(&self, default: Option<usize>, most: Option<usize>) -> Answer<Page> {
        let asked = self.number("num_items")?;
        let number = self.number("page")?.unwrap_or(0);
        if asked == Some(0) {
            return Err(self.illegal("The parameter 'num_items' must be at least 1."));
        }
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let items = asked.map(size).or(default);
        let items = items.map(|items| items.min(most.unwrap_or(usize::MAX)));
        Ok(Page { number: if asked.is_some() { size(number) } else { 0 }, items })
    }

    /// A refusal in the provider's envelope.
    pub(super) fn illegal(&self, message: &str) -> crate::simulator::Response {
        views::illegal(self.method, message)
    }
}

impl Page {
    /// Where the page begins.
    pub(super) fn start(self) -> usize {
        self.items.map_or(0, |items| self.number.saturating_mul(items))
    }

    /// How many pages there are; 0 when the answer is not paged.
    pub(super) fn count(self, total: usize) -> usize {
        self.items.map_or(0, |items| total.div_ceil(items))
    }
}
