//! How a marking looks in HTML: colour, size, typeface, alignment, margin.
//!
//! It never passes on a value it did not check, so that no look can break out of its attribute.

use std::ops::RangeInclusive;

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
pub const SIZE_POINTS: RangeInclusive<u8> = 6..=48;
/// Points a margin may have: an inch at most, so that the letter is in sight.
pub const MARGIN_POINTS: RangeInclusive<u8> = 0..=72;
/// Where nothing says a margin.
const MARGIN: u8 = 12;

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
    /// How far it stands from the letter; kept within [`MARGIN_POINTS`].
    pub margin_points: Option<u8>,
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

    /// The text as a paragraph that looks so, whatever style sheet the letter brings. The attribute
    /// `align` is for Outlook, which minds no `text-align` there; the margin parts it from the
    /// letter. Lines are broken within tags, where no setting of blanks shows it.
    pub fn dress(&self, text: &str, place: Place) -> String {
        let html = escape_html(text);
        let side = self.alignment.css();
        let block = guarded("block", &self.block(place));
        let words = guarded("inline", &self.words());
        format!("<p\nalign=\"{side}\" style=\"{block}\"><span\nstyle=\"{words}\">{html}</span></p>")
    }

    /// How the paragraph looks.
    fn block(&self, place: Place) -> Vec<(&'static str, String)> {
        // Word, and so Outlook, honours the margins of a paragraph, in points, and of little else.
        let points = self.margin_points.unwrap_or(MARGIN);
        let points = points.clamp(*MARGIN_POINTS.start(), *MARGIN_POINTS.end());
        let margin = match place {
            Place::Top => format!("0 0 {points}pt"),
            Place::Bottom => format!("{points}pt 0 0"),
            Place::AboveQuote => format!("{points}pt 0"),
        };
        let mut block = vec![("margin", margin)];
        if let Some(background) = self.background {
            block.push(("background", background.css()));
        }
        if let Some(bar) = self.bar {
            block.push(("border-left", format!("3pt solid {}", bar.css())));
        }
        if self.background.is_some() || self.bar.is_some() {
            block.push(("padding", "5pt 9pt".to_owned()));
        }
        if self.pale {
            block.push(("opacity", "0.7".to_owned()));
        }
        block.push(("text-align", self.alignment.css().to_owned()));
        block
    }

    /// How its words look.
    fn words(&self) -> Vec<(&'static str, String)> {
        let mut words = Vec::new();
        if let Some(color) = self.color {
            words.push(("color", color.css()));
        }
        if let Some(size) = self.size_points {
            let size = size.clamp(*SIZE_POINTS.start(), *SIZE_POINTS.end());
            words.push(("font-size", format!("{size}pt")));
        }
        let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
        let font = self.font.iter().flat_map(|font| font.chars());
        let font = font.filter(safe).collect::<String>();
        if !font.trim().is_empty() {
            words.push(("font-family", format!("'{}',sans-serif", font.trim())));
        }
        words
    }
}

/// What a letter's style sheet could do to hide an element: taken back, first all of it at once;
/// then by name what is inherited, and what programs know that do not know `all`. What stands in
/// the element itself and is important prevails over every sheet (CSS Cascading and Inheritance
/// Level 4, section 6.1).
const SEEN: [(&str, &str); 10] = [
    ("all", "revert"),
    ("visibility", "visible"),
    ("opacity", "1"),
    ("height", "auto"),
    ("max-height", "none"),
    ("overflow", "visible"),
    ("text-indent", "0"),
    ("line-height", "normal"),
    ("letter-spacing", "normal"),
    ("-webkit-text-fill-color", "currentcolor"),
];

/// The value of `style` for an element that no style sheet can hide, with this `display` and these
/// declarations. They stand there twice: Word, and so Outlook, drops what is important.
pub(crate) fn guarded(display: &str, declarations: &[(&'static str, String)]) -> String {
    let own = || {
        declarations
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    };
    let plain = own().map(|(name, value)| format!("{name}:{value}"));
    let seen = SEEN.into_iter().chain([("display", display)]);
    let important = seen.chain(own());
    let important = important.map(|(name, value)| format!("{name}:{value}!important"));
    // The blanks let a long line be broken.
    plain.chain(important).collect::<Vec<_>>().join("; ")
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
            margin_points: Some(200),
            ..Look::default()
        };
        let shown = look.dress("<x>", Place::Top);
        assert!(shown.starts_with("<p\nalign=\"center\" style=\"margin:0 0 72pt; "));
        assert!(shown.contains("; margin:0 0 72pt!important"), "{shown}");
        assert!(
            shown.contains("<span\nstyle=\"color:#b00020; font-size:48pt; "),
            "{shown}"
        );
        assert!(shown.contains("; font-family:'Arialscript',sans-serif!important\">&lt;x&gt;<"));
        assert_eq!(shown.matches(['<', '>']).count(), 8, "{shown}");
        let bare = Look::default().dress("x", Place::Bottom);
        assert!(
            bare.starts_with("<p\nalign=\"left\" style=\"margin:12pt 0 0; text-align:left; all:")
        );
        assert!(
            bare.ends_with("; display:inline!important\">x</span></p>"),
            "{bare}"
        );
        for text in [
            "red", "#12345", "#12345g", "#+1+2+3", "#1234567", "b00020", "#é2345",
        ] {
            assert_eq!(Color::parse(text), None, "{text}");
        }
        assert_eq!(Alignment::parse("Right"), Some(Alignment::Right));
        assert_eq!(Alignment::parse("top"), None);
    }
}
