//! Moments, as the wire and the store carry them.

use std::fmt;

/// Unix time in milliseconds.
///
/// ```
/// use nuncio_protocol::Timestamp;
/// assert_eq!(Timestamp(1_769_847_300_000).to_text(), "2026-01-31 08:15:00");
/// assert_eq!(Timestamp::FOREVER.to_text(), "9999-12-31 23:59:59");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The end of a ban that lasts until someone lifts it: `9999-12-31 23:59:59`.
    pub const FOREVER: Self = Self(253_402_300_799_000);

    /// This moment plus `ms` milliseconds, never past [`Timestamp::FOREVER`].
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms).min(Self::FOREVER.0))
    }

    /// `YYYY-MM-DD HH:MM:SS` in UTC, the Server API's text form.
    #[must_use]
    pub fn to_text(self) -> String {
        // A date without a zone, because those with one end two hours before the year 9999 does.
        let clamped = self.0.clamp(0, Self::FOREVER.0);
        jiff::civil::date(1970, 1, 1)
            .at(0, 0, 0, 0)
            .checked_add(jiff::SignedDuration::from_millis(clamped))
            .map(|t| t.strftime("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}
