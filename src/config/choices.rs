//! Settings that can be given in several ways: which way a connection uses.

use crate::model::{Choice, ProviderSpec, SettingKind, SettingSpec, Way};

/// What was found of a choice.
pub(super) enum Pick<'c> {
    /// One way, complete.
    Way(&'c Way),
    /// Settings of several ways stand there.
    Several(Vec<&'c Way>),
    /// A way was begun, and these settings of it are missing.
    Incomplete(Vec<&'c str>),
    /// Nothing of any way.
    Nothing,
}

/// The setting that says which way of a choice is meant, if there is one.
pub(super) fn selector(spec: &ProviderSpec, choice: &Choice) -> Option<&'static SettingSpec> {
    spec.settings.iter().find(|setting| match setting.kind {
        SettingKind::Selects(words) => words.iter().any(|(_, need)| choice.has(need)),
        _ => false,
    })
}

/// What the ways that this word stands for need; `None` of a word that stands for nothing.
pub(super) fn selected(selector: &SettingSpec, word: &str) -> Option<&'static str> {
    let SettingKind::Selects(words) = selector.kind else { return None };
    words.iter().find(|(known, _)| *known == word).map(|(_, need)| *need)
}

/// Looks which way is given. `held` says whether the file gives a setting, `otherwise` whether it may come from
/// elsewhere: the file decides, the environment completes. With `selected` only ways that need that setting count.
pub(super) fn pick<'c>(
    choice: &'c Choice,
    selected: Option<&str>,
    held: &dyn Fn(&str) -> bool,
    otherwise: &dyn Fn(&str) -> bool,
) -> Pick<'c> {
    let lacks = |way: &'c Way| -> Vec<&'c str> {
        way.needs.iter().copied().filter(|name| !held(name) && !otherwise(name)).collect()
    };
    let is_meant = |way: &&Way| selected.is_none_or(|need| way.needs.contains(&need));
    let mut ways = choice.ways.iter().filter(is_meant);
    let begun: Vec<&Way> = ways.clone().filter(|way| way.needs.iter().any(|name| held(name))).collect();
    if begun.is_empty() {
        return ways.find(|way| lacks(way).is_empty()).map_or(Pick::Nothing, Pick::Way);
    }
    let given = |way: &&&Way| way.needs.iter().chain(way.may).filter(|name| held(name)).count();
    let whole = begun.iter().rev().filter(|way| lacks(way).is_empty()).max_by_key(given);
    let Some(chosen) = whole.or_else(|| begun.iter().rev().max_by_key(given)) else { return Pick::Nothing };
    let is_foreign = |way: &&&Way| way.needs.iter().any(|name| held(name) && !chosen.has(name));
    if begun.iter().any(|way| is_foreign(&way)) {
        return Pick::Several(begun);
    }
    match lacks(chosen) {
        missing if missing.is_empty() => Pick::Way(chosen),
        missing => Pick::Incomplete(missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: Choice = Choice {
        what: "credentials",
        ways: &[
            Way { needs: &["token"], may: &[] },
            Way { needs: &["key", "secret"], may: &["session"] },
            Way { needs: &["user", "password"], may: &["domain"] },
        ],
    };
    const ADDRESS: Choice = Choice {
        what: "an address",
        ways: &[Way { needs: &["auth_url"], may: &["endpoint"] }, Way { needs: &["endpoint"], may: &[] }],
    };

    fn picked(choice: &Choice, file: &[&str], env: &[&str]) -> String {
        match pick(choice, None, &|name| file.contains(&name), &|name| env.contains(&name)) {
            Pick::Way(way) => way.needs.join("+"),
            Pick::Several(ways) => format!("several: {}", ways.len()),
            Pick::Incomplete(lacks) => format!("lacks {}", lacks.join("+")),
            Pick::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn the_file_decides_and_the_environment_completes() {
        let all = ["token", "key", "secret", "user", "password"];
        for (file, env, expected) in [
            (&["token"][..], &[][..], "token"),
            (&["key", "secret"], &["token"], "key+secret"),
            (&["key"], &["secret", "token"], "key+secret"),
            (&["user"], &["password"], "user+password"),
            (&["key"], &["token"], "lacks secret"),
            (&[], &["user", "password"], "user+password"),
            (&[], &all, "token"),
            (&[], &["key"], "nothing"),
            (&["token", "key", "secret"], &[], "several: 2"),
            (&["token", "user"], &[], "several: 2"),
        ] {
            assert_eq!(picked(&CREDENTIALS, file, env), expected, "{file:?} {env:?}");
        }
    }

    #[test]
    fn a_way_that_is_named_is_the_only_one() {
        let all = ["token", "user", "password"];
        let named = |need| match pick(&CREDENTIALS, Some(need), &|_| false, &|name| all.contains(&name)) {
            Pick::Way(way) => way.needs.join("+"),
            _ => "none".into(),
        };
        assert_eq!((named("token"), named("password")), ("token".into(), "user+password".into()));
        assert_eq!(named("secret"), "none");
        let held = |name: &str| all.contains(&name);
        assert!(
            matches!(pick(&CREDENTIALS, Some("user"), &held, &|_| false), Pick::Way(way) if way.has("user"))
        );
    }

    #[test]
    fn a_setting_may_be_a_way_of_its_own_and_an_addition_to_another() {
        assert_eq!(picked(&ADDRESS, &["auth_url", "endpoint"], &[]), "auth_url");
        assert_eq!(picked(&ADDRESS, &["endpoint"], &[]), "endpoint");
        assert_eq!(picked(&ADDRESS, &["endpoint"], &["auth_url"]), "endpoint");
    }
}
