//! A share of something, and how sure that is.

/// A share and how far off it may be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// How many did.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    /// The share, from 0 to 1; 0 of nothing.
    #[must_use]
    pub fn value(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.hits as f64 / self.of as f64 }
    }

    /// The interval that holds the true share 95 times in 100, from 0 to 1 (E. B. Wilson: Probable
    /// inference, the law of succession, and statistical inference, 1927). Unlike the usual one it
    /// is right for shares near 0 and 1, where a guard's are.
    ///
    /// ```
    /// use twinguard::rate::share::Share;
    ///
    /// let (low, high) = Share { hits: 0, of: 10 }.interval();
    /// assert!(low == 0.0 && (high - 0.2775).abs() < 1e-4); // none of ten may still be one in four
    /// ```
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.959_963_984_540_054; // the normal distribution's 97.5th percentile
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, share) = (self.of as f64, self.value());
        let scale = 1.0 + Z * Z / n;
        let middle = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        // At the ends the formula gives exactly 0 and 1, and a float nearly.
        let low = if self.hits == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if self.hits == self.of { 1.0 } else { (middle + half).min(1.0) };
        (low, high)
    }
}
