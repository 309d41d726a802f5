//! How a marking looks in HTML: colour, size, typeface, alignment.
//!
//! It never passes on a value it did not check, so that no look can break out of its attribute.

use super::escape_html;
use crate::edit::Place;

/// `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

impl Color {
    /// `#ffffff`.
    pub const WHITE: Self = Self([0xff; 3]);
    /// `#000000`.
    pub const BLACK: Self = Self([0; 3]);

    /// Reads `#rrggbb` in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        let valid = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        valid.then_some(Self([byte(0)?, byte(2)?, byte(4)?]))
    }

    /// This colour with so many hundredths of another in it.
    pub fn mixed(self, other: Self, hundredths: u16) -> Self {
        let share = hundredths.min(100);
        let mix = |own: u8, other: u8| {
            let sum = u16::from(own) * (100 - share) + u16::from(other) * share;
            // The mean of two bytes is one.
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        Self([mix(a, d), mix(b, e), mix(c, f)])
    }

    /// WCAG 2.2: how much this colour stands out from another, from 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let part = f64::from(byte) / 255.0;
            match part <= 0.04045 {
                true => part / 12.92,
                false => ((part + 0.055) / 1.055).powf(2.4),
            }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
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

/// Where nothing says a typeface: the letter's own is often none at all, and so a browser's serifs.
const FONT: &str = "Arial";
/// WCAG 2.2, 1.4.6: what text must have at level AAA.
const CONTRAST_MIN: f64 = 7.0;
/// Points a size may have.
pub const SIZE_POINTS: std::ops::RangeInclusive<u8> = 6..=48;

/// How a marking looks; what is not set is the letter's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The colour of the text.
    pub color: Option<Color>,
    /// The colour behind it. Where only one of the two is given, a reader's dark mode may put any
    /// other beside it.
    pub background: Option<Color>,
    /// The colour of a bar at its left side.
    pub bar: Option<Color>,
    /// Whether it is set back by letting the ground shine through, which keeps its contrast on a
    /// light and on a dark one. Programs that cannot do that show it plainly.
    pub pale: bool,
    /// Its size; kept within [`SIZE_POINTS`].
    pub size_points: Option<u8>,
    /// The name of the typeface: letters, digits, blanks and `-`.
    pub font: Option<String>,
    /// Where its lines stand.
    pub alignment: Alignment,
}

impl Look {
    /// A banner in a colour: a bar of it, a tint of it behind the text, and a shade of it that can
    /// be read on the tint. Both sides of the contrast are given, so that no dark mode parts them.
    pub fn banner(color: Color) -> Self {
        let tint = color.mixed(Color::WHITE, 90);
        let shades = (0..=100).step_by(5).map(|n| color.mixed(Color::BLACK, n));
        let readable = shades
            .into_iter()
            .find(|shade| shade.contrast(tint) >= CONTRAST_MIN);
        Self {
            color: Some(readable.unwrap_or(Color::BLACK)),
            background: Some(tint),
            bar: Some(color),
            size_points: Some(11),
            font: Some(FONT.to_owned()),
            ..Self::default()
        }
    }

    /// Small print, paler than the letter but in its colour: no colour of ours could be read well
    /// on white and in the dark.
    pub fn quiet() -> Self {
        Self {
            pale: true,
            size_points: Some(9),
            font: Some(FONT.to_owned()),
            ..Self::default()
        }
    }

    /// The text as a paragraph that looks so. The attribute `align` is for Outlook, which minds no
    /// `text-align` there; the margin parts it from the letter.
    pub fn dress(&self, text: &str, place: Place) -> String {
        let html = escape_html(text);
        let side = self.alignment.css();
        let style = self.style(place);
        format!("<p align=\"{side}\" style=\"{style};text-align:{side}\">{html}</p>")
    }

    fn style(&self, place: Place) -> String {
        let mut style = String::from(match place {
            Place::Top => "margin:0 0 12pt",
            Place::Bottom => "margin:12pt 0 0",
            Place::AboveQuote => "margin:12pt 0",
        });
        let mut add = |name: &str, value: &str| {
            style.push_str(&format!(";{name}:{value}"));
        };
        if let Some(background) = self.background {
            add("background", &background.css());
        }
        if let Some(bar) = self.bar {
            add("border-left", &format!("3pt solid {}", bar.css()));
        }
        if self.background.is_some() || self.bar.is_some() {
            add("padding", "5pt 9pt");
        }
        if let Some(color) = self.color {
            add("color", &color.css());
        }
        if self.pale {
            add("opacity", "0.7");
        }
        if let Some(size) = self.size_points {
            let size = size.clamp(*SIZE_POINTS.start(), *SIZE_POINTS.end());
            add("font-size", &format!("{size}pt"));
        }
        let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
        let font = self.font.iter().flat_map(|font| font.chars());
        let font = font.filter(safe).collect::<String>();
        if !font.trim().is_empty() {
            add("font-family", &format!("'{}',sans-serif", font.trim()));
        }
        style
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banner_can_be_read_in_any_colour() {
        for color in [
            "#000000", "#ffffff", "#ffff00", "#b00020", "#2e7d32", "#00ff00", "#808080",
        ] {
            let look = Look::banner(Color::parse(color).unwrap());
            let (text, behind) = (look.color.unwrap(), look.background.unwrap());
            assert!(
                text.contrast(behind) >= 7.0,
                "{color}: {text:?} on {behind:?}"
            );
        }
        let pale = Color::BLACK.mixed(Color::WHITE, 30);
        assert!(Look::quiet().pale && pale.contrast(Color::WHITE) >= CONTRAST_MIN);
        assert!((Color::BLACK.contrast(Color::WHITE) - 21.0).abs() < 0.01);
    }

    #[test]
    fn a_look_cannot_break_out() {
        let look = Look {
            color: Color::parse("#B00020"),
            size_points: Some(200),
            font: Some("Arial\"><script>'".to_owned()),
            alignment: Alignment::Center,
            ..Look::default()
        };
        let expected = "<p align=\"center\" style=\"margin:0 0 12pt;color:#b00020;\
font-size:48pt;font-family:'Arialscript',sans-serif;text-align:center\">&lt;x&gt;</p>";
        assert_eq!(look.dress("<x>", Place::Top), expected);
        let bare = "<p align=\"left\" style=\"margin:12pt 0 0;text-align:left\">x</p>";
        assert_eq!(Look::default().dress("x", Place::Bottom), bare);
        for text in [
            "red", "#12345", "#12345g", "#+1+2+3", "#1234567", "b00020", "#é2345",
        ] {
            assert_eq!(Color::parse(text), None, "{text}");
        }
        assert_eq!(Alignment::parse("Right"), Some(Alignment::Right));
        assert_eq!(Alignment::parse("top"), None);
    }
}
