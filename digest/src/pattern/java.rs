//! Java's regular expressions in the words of the `regex` crate.
//!
//! What cannot be honoured (look-around, back-references, possessive quantifiers, …) is refused
//! here, when the instruction is checked, and never in the middle of a file.

use regex::bytes::{Regex, RegexBuilder};

/// How large a compiled expression may be; beyond it the pattern is refused.
const COMPILED_BYTES: usize = 1 << 20;

/// A pattern: plain text where it is that, which is much faster to find.
#[derive(Clone, Debug)]
pub(super) enum Java {
    /// No operator in it.
    Plain(Vec<u8>),
    /// Everything else.
    Regex(Regex),
}

impl Java {
    /// Compiles Java's pattern, or says what in it cannot be honoured.
    pub(super) fn compile(pattern: &str) -> Result<Self, String> {
        let mut translation = Translation::new(pattern);
        translation.run()?;
        match translation.plain {
            Some(text) if !text.is_empty() => Ok(Self::Plain(text.into_bytes())),
            _ => RegexBuilder::new(&translation.out)
                .size_limit(COMPILED_BYTES)
                .build()
                .map(Self::Regex)
                .map_err(|error| format!("“{pattern}” is no regular expression: {error}")),
        }
    }

    /// How many groups it has.
    pub(super) fn groups(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Regex(regex) => regex.captures_len() - 1,
        }
    }

    /// The number of a named group.
    pub(super) fn group(&self, name: &str) -> Option<usize> {
        match self {
            Self::Plain(_) => None,
            Self::Regex(regex) => regex.capture_names().position(|known| known == Some(name)),
        }
    }
}

/// One pattern on its way.
struct Translation<'a> {
    pattern: &'a str,
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
    /// The literal text, as long as there was no operator.
    plain: Option<String>,
    /// How deep within brackets.
    class: usize,
    /// The pattern begins with the flag that lets `.` mean any character.
    dot_is_all: bool,
    /// Somewhere in the pattern case does not matter.
    folds: bool,
}

impl<'a> Translation<'a> {
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

    fn refuse(&self, what: &str) -> String {
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
    fn literal(&mut self, c: char) {
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

    fn operator(&mut self, text: &str) {
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

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.rest.next() else { return Err(self.refuse("a “\\” at its end")) };
        match c {
            't' => self.literal('\t'),
            'n' => self.literal('\n'),
            'r' => self.literal('\r'),
            'f' => self.literal('\u{c}'),
            'a' => self.literal('\u{7}'),
            'e' => self.literal('\u{1b}'),
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'd' | 'w' | 's' if self.class > 0 => self.operator(ascii(c)),
            'd' | 'D' | 'w' | 'W' | 's' | 'S' if self.class == 0 => self.ascii_class(c),
            'b' | 'B' if self.class == 0 => self.operator(&format!("(?-u:\\{c})")),
            'A' | 'z' if self.class == 0 => self.operator(&format!("\\{c}")),
            'Q' => self.quoted(),
            'p' | 'P' => self.property(c)?,
            '1'..='9' => return Err(self.refuse("a back-reference")),
            _ if c.is_ascii_alphanumeric() => return Err(self.refuse(&format!("“\\{c}”"))),
            _ => self.literal(c),
        }
        Ok(())
    }

    /// Java's classes mean ASCII; their complements mean every other character.
    fn ascii_class(&mut self, c: char) {
        let complement = if c.is_ascii_uppercase() { "^" } else { "" };
        self.operator(&format!("[{complement}{}]", ascii(c.to_ascii_lowercase())));
    }

    fn code(&mut self, digits: usize) -> Result<(), String> {
        let hex: String = self.rest.by_ref().take(digits).collect();
        let code = u32::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == digits);
        let c =
            code.and_then(char::from_u32).ok_or_else(|| self.refuse("such a character code"))?;
        self.literal(c);
        Ok(())
    }

    fn quoted(&mut self) {
        let rest: String = self.rest.by_ref().collect();
        let (text, after) = rest.split_once("\\E").unwrap_or((&rest, ""));
        text.chars().for_each(|c| self.literal(c));
        let after = self.pattern.len() - after.len();
        self.rest = self.pattern[after..].chars().peekable();
    }

    /// `\p{…}`: POSIX names mean ASCII in Java, the others are Unicode's.
    fn property(&mut self, p: char) -> Result<(), String> {
        let mut name: String = self.rest.next().into_iter().collect();
        if name == "{" {
            name = self.rest.by_ref().take_while(|c| *c != '}').collect();
        }
        let posix = ["Lower", "Upper", "Alpha", "Digit", "Alnum", "Punct", "Space", "XDigit"];
        if posix.contains(&name.as_str()) {
            let negated = if p == 'P' { "^" } else { "" };
            self.operator(&format!("[[:{negated}{}:]]", name.to_ascii_lowercase()));
        } else if name.len() <= 2 && name.chars().all(|c| c.is_ascii_alphabetic()) {
            self.operator(&format!("\\{p}{{{name}}}"));
        } else {
            return Err(self.refuse(&format!("“\\{p}{{{name}}}”")));
        }
        Ok(())
    }
}

fn ascii(class: char) -> &'static str {
    match class {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        _ => "\\t\\n\\x0B\\f\\r ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        match Java::compile(pattern).unwrap() {
            Java::Plain(needle) => text.contains(std::str::from_utf8(&needle).unwrap()),
            Java::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }

    #[test]
    fn text_without_operators_is_plain() {
        for (pattern, text) in
            [("\\t", "\t"), (",", ","), ("\\|", "|"), ("\\Qa.b\\E", "a.b"), ("\\x41", "A")]
        {
            let Java::Plain(plain) = Java::compile(pattern).unwrap() else { panic!("{pattern}") };
            assert_eq!(plain, text.as_bytes());
        }
    }

    #[test]
    fn classes_mean_ascii() {
        assert!(matches("\\d", "7") && !matches("\\d", "\u{0667}"));
        assert!(matches("\\w", "_") && !matches("\\w", "\u{e9}"));
        assert!(matches("^\\W$", "\u{e9}"));
        assert!(matches("^[\\d-]$", "-") && matches("^[a--]$", "-"));
        assert!(matches("^\\p{Alpha}$", "b") && !matches("^\\p{Alpha}$", "\u{e9}"));
        assert!(matches("^[a-z&&[^b]]$", "c") && !matches("^[a-z&&[^b]]$", "b"));
    }

    #[test]
    fn a_dot_stops_at_every_line_end_unless_it_is_told_not_to() {
        for end in ["\u{85}", "\u{2028}", "\u{2029}"] {
            assert!(
                !matches("a.b", &format!("a{end}b")) && matches("(?s)a.b", &format!("a{end}b"))
            );
        }
        assert!(matches("a.b", "a\u{e9}b") && matches("(?is)A.b", "a\u{2028}B"));
    }

    #[test]
    fn only_the_case_of_ascii_is_folded() {
        assert!(matches("(?i)na", "NA") && matches("a(?i)n", "aN") && !matches("a(?i)n", "An"));
        assert!(!matches("(?i)\u{e9}", "\u{c9}") && matches("(?i)\u{e9}", "\u{e9}"));
        assert!(!matches("(?i)k", "\u{212a}") && !matches("(?i)s", "\u{17f}"));
        assert!(matches("(?i:k)s", "Ks") && matches("(?i)[kn]", "N"));
    }

    #[test]
    fn what_only_java_can_do_is_refused() {
        for pattern in [
            "a(?=b)",
            "a(?!b)",
            "(?<=a)b",
            "(?<!a)b",
            "(?>a)",
            "a*+",
            "a{2}+",
            "(a)\\1",
            "\\G",
            "a\\",
            "(?x)a",
            "[",
            "(",
            "a{,3}",
            "\\p{IsGreek}",
            "\\R",
            "a**",
            "a(?s).",
            "(?s:.)",
            "(?i)[\u{e9}]",
        ] {
            assert!(Java::compile(pattern).is_err(), "{pattern}");
        }
    }
}
