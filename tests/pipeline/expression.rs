//! GitHub's expressions, as far as the workflows here use them: paths into contexts, texts, `==`, `!=`, `!`, `&&`,
//! `||`, parentheses and the status functions. Anything else stops the test.

use serde_json::Value;

/// What a step can see, and whether an earlier one failed.
pub(crate) struct Scope<'a> {
    pub(crate) contexts: &'a Value,
    pub(crate) failed: bool,
}

impl Scope<'_> {
    /// The text with every `${{ … }}` in it replaced.
    pub(crate) fn interpolate(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (inside, after) = after.split_once("}}").unwrap_or_else(|| panic!("no }}}} in {text}"));
            out.push_str(before);
            out.push_str(&shown(&self.evaluate(inside)));
            rest = after;
        }
        out + rest
    }

    /// Whether a step or a job runs. One that does not ask for the status runs only after success.
    pub(crate) fn holds(&self, condition: Option<&str>) -> bool {
        let Some(condition) = condition else { return !self.failed };
        let inside = condition.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
        let inside = inside.unwrap_or(condition);
        let asks =
            ["always()", "failure()", "success()", "cancelled()"].iter().any(|word| inside.contains(word));
        (asks || !self.failed) && truthy(&self.evaluate(inside))
    }

    pub(crate) fn evaluate(&self, text: &str) -> Value {
        let mut parser = Parser { scope: self, tokens: tokens(text), at: 0 };
        let value = parser.either();
        assert!(parser.at == parser.tokens.len(), "what follows in {text:?} is not understood");
        value
    }
}

pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value != "" && value != 0
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Sign(&'static str),
    Text(String),
    Path(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let signs = ["&&", "||", "==", "!=", "!", "(", ")"];
        if let Some(sign) = signs.into_iter().find(|sign| rest.starts_with(sign)) {
            found.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            let (inside, after) = quoted.split_once('\'').expect("a text ends with a quote");
            found.push(Token::Text(inside.into()));
            rest = after;
        } else {
            let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let end = rest.find(|c| !is_path(c)).unwrap_or(rest.len());
            assert!(end > 0, "{rest:?} is not understood");
            found.push(Token::Path(rest[..end].into()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    found
}

struct Parser<'a> {
    scope: &'a Scope<'a>,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn takes(&mut self, sign: &'static str) -> bool {
        let is_next = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(is_next);
        is_next
    }

    fn either(&mut self) -> Value {
        let mut value = self.both();
        while self.takes("||") {
            let other = self.both();
            value = if truthy(&value) { value } else { other };
        }
        value
    }

    fn both(&mut self) -> Value {
        let mut value = self.compared();
        while self.takes("&&") {
            let other = self.compared();
            value = if truthy(&value) { other } else { value };
        }
        value
    }

    fn compared(&mut self) -> Value {
        let value = self.single();
        if self.takes("==") {
            return Value::Bool(shown(&value) == shown(&self.single()));
        }
        if self.takes("!=") {
            return Value::Bool(shown(&value) != shown(&self.single()));
        }
        value
    }

    fn single(&mut self) -> Value {
        if self.takes("!") {
            return Value::Bool(!truthy(&self.single()));
        }
        if self.takes("(") {
            let value = self.either();
            assert!(self.takes(")"), "a parenthesis is open");
            return value;
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Value::String(text),
            Some(Token::Path(name)) if self.takes("(") => {
                assert!(self.takes(")"), "{name}() takes nothing");
                self.status(&name)
            }
            Some(Token::Path(path)) => {
                let pointer = format!("/{}", path.replace('.', "/"));
                self.scope.contexts.pointer(&pointer).cloned().unwrap_or(Value::Null)
            }
            other => panic!("{other:?} is not understood"),
        }
    }

    fn status(&self, name: &str) -> Value {
        Value::Bool(match name {
            "always" => true,
            "success" => !self.scope.failed,
            "failure" => self.scope.failed,
            "cancelled" => false,
            _ => panic!("{name}() is not known here"),
        })
    }
}

#[test]
fn expressions_mean_what_they_do_at_github() {
    let contexts =
        serde_json::json!({"inputs": {"a": "x", "exit-code": 2}, "steps": {"s": {"outputs": {"o": ""}}}});
    let scope = Scope { contexts: &contexts, failed: true };
    assert_eq!(scope.interpolate("<${{ inputs.a }}|${{ steps.s.outputs.o || 'none' }}>"), "<x|none>");
    assert!(scope.holds(Some("${{ always() && inputs.exit-code == '2' }}")));
    assert!(scope.holds(Some("!cancelled()")));
    assert!(
        !scope.holds(Some("inputs.a == 'x'")),
        "a step after a failure does not run unless it asks for that"
    );
    assert!(!scope.holds(None));
    assert!(
        !Scope { contexts: &contexts, failed: false }.holds(Some("inputs.a != 'x' && (inputs.b || 'y')"))
    );
}
