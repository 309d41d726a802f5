//! How a marking looks in HTML: colour, size, typeface, alignment.
//!
//! It never passes on a value it did not check, so that no look can break out of its attribute.

/// `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

impl Color {
    /// Reads `#rrggbb` in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        let valid = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        valid.then_some(Self([byte(0)?, byte(2)?, byte(4)?]))
    }

    /// `#rrggbb` in lower case.
    pub fn css(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Where the lines of a marking stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alignment {
    /// At the left.
    #[default]
    Left,
    /// In the middle.
    Center,
    /// At the right.
    Right,
}

impl Alignment {
    /// Reads `left`, `center` or `right`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Left, Self::Center, Self::Right]
            .into_iter()
            .find(|alignment| text.eq_ignore_ascii_case(alignment.css()))
    }

    /// The word of CSS.
    pub fn css(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Center => "center",
            Self::Right => "right",
        }
    }
}

/// Points a size may have.
const SIZE_POINTS: std::ops::RangeInclusive<u8> = 6..=48;

/// How a marking looks; what is not set is the letter's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The colour of the text.
    pub color: Option<Color>,
    /// Its size; kept within 6 to 48 points.
    pub size_points: Option<u8>,
    /// The name of the typeface: letters, digits, blanks and `-`.
    pub font: Option<String>,
    /// Where its lines stand.
    pub alignment: Alignment,
}

impl Look {
    /// The HTML in a paragraph that looks so. The attribute `align` is for Outlook, which minds no
    /// style of a `div`.
    pub fn dress(&self, html: &str) -> String {
        let mut style = String::from("margin:0");
        if let Some(color) = self.color {
            style.push_str(&format!(";color:{}", color.css()));
        }
        if let Some(size) = self.size_points {
            let size = size.clamp(*SIZE_POINTS.start(), *SIZE_POINTS.end());
            style.push_str(&format!(";font-size:{size}pt"));
        }
        let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
        let font = self
            .font
            .iter()
            .flat_map(|font| font.chars())
            .filter(safe)
            .collect::<String>();
        if !font.trim().is_empty() {
            style.push_str(&format!(";font-family:'{}',sans-serif", font.trim()));
        }
        let side = self.alignment.css();
        format!("<p align=\"{side}\" style=\"{style};text-align:{side}\">{html}</p>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_cannot_break_out() {
        let look = Look {
            color: Color::parse("#B00020"),
            size_points: Some(200),
            font: Some("Arial\"><script>'".to_owned()),
            alignment: Alignment::Center,
        };
        let expected = "<p align=\"center\" style=\"margin:0;color:#b00020;font-size:48pt;\
font-family:'Arialscript',sans-serif;text-align:center\">x</p>";
        assert_eq!(look.dress("x"), expected);
        for text in [
            "red", "#12345", "#12345g", "#+1+2+3", "#1234567", "b00020", "#é2345",
        ] {
            assert_eq!(Color::parse(text), None, "{text}");
        }
        assert_eq!(Alignment::parse("Right"), Some(Alignment::Right));
        assert_eq!(Alignment::parse("top"), None);
    }
}
