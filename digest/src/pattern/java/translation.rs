//! From Java's words to ours: operators, groups, classes and quantifiers.

use std::{iter::Peekable, str::Chars};

/// One pattern on its way.
pub(super) struct Translation<'a> {
    pub(super) pattern: &'a str,
    pub(super) rest: Peekable<Chars<'a>>,
    pub(super) out: String,
    /// The literal text, as long as there was no operator.
    pub(super) plain: Option<String>,
    /// How deep within brackets.
    pub(super) class: usize,
    /// The pattern begins with the flag that lets `.` mean any character.
    dot_is_all: bool,
    /// Somewhere in the pattern case does not matter.
    folds: bool,
}

impl<'a> Translation<'a> {
    /// The whole of it, or what in it cannot be honoured.
    pub(super) fn of(pattern: &'a str) -> Result<Self, String> {
        let mut translation = Self::new(pattern);
        translation.run()?;
        Ok(translation)
    }

    fn new(pattern: &'a str) -> Self {
        let rest = pattern.chars().peekable();
        let flags = pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')'));
        let flags = flags.map_or("", |(flags, _)| flags);
        let dot_is_all = ["s", "is", "si"].contains(&flags);
        let folds = pattern.contains("(?i") || flags == "si";
        let (out, plain) = (String::new(), Some(String::new()));
        Self { pattern, rest, out, plain, class: 0, dot_is_all, folds }
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape()?,
                _ if self.class > 0 => self.in_class(c)?,
                '[' => self.open_class(),
                '(' => self.group()?,
                '*' | '+' | '?' | '}' => self.quantifier(c)?,
                '{' => self.bounds()?,
                '.' => self.dot(),
                '|' | ')' | '^' | '$' => self.operator(&c.to_string()),
                _ => self.literal(c),
            }
        }
        Ok(())
    }

    pub(super) fn refuse(&self, what: &str) -> String {
        format!("“{}” is a regular expression with {what}, which is not supported", self.pattern)
    }

    /// Java's `.` stops at every line end that Unicode knows.
    fn dot(&mut self) {
        match self.dot_is_all {
            true => self.operator("."),
            false => self.operator("[^\\n\\r\\x{85}\\x{2028}\\x{2029}]"),
        }
    }

    /// Java folds only the case of ASCII.
    pub(super) fn literal(&mut self, c: char) {
        let text = regex::escape(c.encode_utf8(&mut [0; 4]));
        match (self.folds && self.class == 0, c.is_ascii()) {
            (false, _) => self.out.push_str(&text),
            (true, true) => self.out.push_str(&format!("(?-u:{text})")),
            (true, false) => self.out.push_str(&format!("(?-i:{text})")),
        }
        if let Some(plain) = &mut self.plain {
            plain.push(c);
        }
    }

    pub(super) fn operator(&mut self, text: &str) {
        self.out.push_str(text);
        self.plain = None;
    }

    fn open_class(&mut self) {
        self.class += 1;
        self.operator("[");
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
    }

    /// Within brackets: Java knows nesting and `&&` as we do, but not `--` and `~~`.
    fn in_class(&mut self, c: char) -> Result<(), String> {
        match c {
            _ if self.folds && !c.is_ascii() => {
                return Err(self.refuse("(?i) and a class of other letters than ASCII's"));
            }
            '[' => self.open_class(),
            ']' => {
                self.class -= 1;
                self.out.push(']');
            }
            '~' => self.out.push_str("\\~"),
            '-' if self.rest.peek() == Some(&'-') => self.out.push_str("\\-"),
            _ => self.out.push(c),
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), String> {
        self.operator("(");
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        match self.rest.next() {
            Some(':') => self.out.push_str("?:"),
            Some(flag @ ('i' | 's')) => return self.flags(flag),
            Some('<') if self.rest.peek().is_some_and(char::is_ascii_alphabetic) => {
                self.out.push_str("?<");
            }
            Some('=' | '!') => return Err(self.refuse("a look-ahead")),
            Some('<') => return Err(self.refuse("a look-behind")),
            Some('>') => return Err(self.refuse("an atomic group")),
            _ => return Err(self.refuse("such a group or flag")),
        }
        Ok(())
    }

    /// Flags for the rest of the pattern, or `i` for a group.
    fn flags(&mut self, first: char) -> Result<(), String> {
        let mut flags = String::from(first);
        while let Some(flag) = self.rest.next_if(|c| "is".contains(*c)) {
            flags.push(flag);
        }
        if flags.contains('s') && !(self.dot_is_all && self.out == "(") {
            return Err(self.refuse("the flag s elsewhere than at its beginning"));
        }
        self.out.push_str(&format!("?{flags}"));
        match self.rest.peek() {
            Some(')') => Ok(()),
            Some(':') => {
                self.out.extend(self.rest.next());
                Ok(())
            }
            _ => Err(self.refuse("such a flag")),
        }
    }

    /// `*`, `+`, `?` or the end of `{…}`, perhaps reluctant, but not possessive.
    fn quantifier(&mut self, c: char) -> Result<(), String> {
        self.operator(&c.to_string());
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        match self.rest.peek() {
            Some('+') => Err(self.refuse("a possessive quantifier")),
            Some('*' | '?') => Err(self.refuse("one quantifier after another")),
            _ => Ok(()),
        }
    }

    fn bounds(&mut self) -> Result<(), String> {
        let mut bounds = String::from("{");
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_digit() || *c == ',') {
            bounds.push(c);
        }
        if !bounds[1..].starts_with(|c: char| c.is_ascii_digit()) || self.rest.next() != Some('}') {
            return Err(self.refuse("a “{” that is no repetition"));
        }
        self.operator(&bounds);
        self.quantifier('}')
    }
}
