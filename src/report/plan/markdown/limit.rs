//! How long a comment may be.

use crate::report::plan::words::grouped;
use std::fmt;

/// The longest rendering, counted in UTF-16 code units: what JavaScript, .NET and Java call a length. There are never
/// fewer of them than Unicode characters, so the limit holds whichever of the two a service counts; and at GitHub's,
/// where bytes are counted on some paths, UTF-8 stays below the 262,144 that are allowed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxLength {
    units: usize,
    folds: bool,
}

impl MaxLength {
    /// Below this, verdict, digest and the list of what is missing would not fit.
    pub const LEAST: usize = 4096;

    /// A comment on GitHub (and Gitea, which takes more).
    pub const GITHUB: Self = Self { units: 65_536, folds: true };

    /// A note on GitLab.
    pub const GITLAB: Self = Self { units: 1_000_000, folds: true };

    /// A comment on Bitbucket, which shows HTML as text: nothing is folded.
    pub const BITBUCKET: Self = Self { units: 32_768, folds: false };

    /// A comment on Azure DevOps.
    pub const AZURE: Self = Self { units: 150_000, folds: true };

    /// So many; `None` below [`Self::LEAST`].
    pub fn of(units: usize) -> Option<Self> {
        (units >= Self::LEAST).then_some(Self { units, folds: true })
    }

    /// A service's name or a number.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "github" => Some(Self::GITHUB),
            "gitlab" => Some(Self::GITLAB),
            "bitbucket" => Some(Self::BITBUCKET),
            "azure" => Some(Self::AZURE),
            number => number.replace(['_', ','], "").parse().ok().and_then(Self::of),
        }
    }

    /// The same limit with room for what is put around the rendering; `None` where less than [`Self::LEAST`] is left.
    #[must_use]
    pub fn beside(self, text: &str) -> Option<Self> {
        let units = self.units.checked_sub(length(text))?;
        (units >= Self::LEAST).then_some(Self { units, ..self })
    }

    /// The most UTF-16 code units.
    pub fn units(self) -> usize {
        self.units
    }

    /// Whether the service understands `<details>`.
    pub fn folds(self) -> bool {
        self.folds
    }
}

impl Default for MaxLength {
    fn default() -> Self {
        Self::GITHUB
    }
}

impl fmt::Display for MaxLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(self.units))
    }
}

/// The length that is limited.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
