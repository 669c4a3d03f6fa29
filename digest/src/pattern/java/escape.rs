//! What a backslash begins.

use super::translation::Translation;

impl Translation<'_> {
    pub(super) fn escape(&mut self) -> Result<(), String> {
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
