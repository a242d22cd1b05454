//! The tools of the toolbar: their names, keys and icons.
//!
//! Only what the page says about them. What a tool does with a pointer is the engine's business.

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Moves the paper.
    Hand,
    /// Draws ink.
    Pen,
    /// Draws see-through ink under the rest.
    Highlighter,
    /// Takes away whole elements.
    Eraser,
    /// Draws a rectangle.
    Rectangle,
    /// Draws an ellipse.
    Ellipse,
    /// Draws a straight line.
    Line,
    /// Draws an arrow.
    Arrow,
}

impl Tool {
    /// All of them, in the toolbar's order.
    pub const ALL: [Self; 8] = [
        Self::Hand,
        Self::Pen,
        Self::Highlighter,
        Self::Eraser,
        Self::Rectangle,
        Self::Ellipse,
        Self::Line,
        Self::Arrow,
    ];

    /// Its accessible name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Its key, as the tooltip shows it.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.row().1
    }

    /// The symbol of its icon.
    #[must_use]
    pub fn icon(self) -> &'static str {
        self.row().2
    }

    /// Whether colour and width matter to it.
    #[must_use]
    pub fn has_style(self) -> bool {
        !matches!(self, Self::Hand | Self::Eraser)
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Hand => ("Hand", "H", "#i-hand"),
            Self::Pen => ("Pen", "P", "#i-pencil"),
            Self::Highlighter => ("Highlighter", "Shift+D", "#i-highlighter"),
            Self::Eraser => ("Eraser", "E", "#i-eraser"),
            Self::Rectangle => ("Rectangle", "R", "#i-square"),
            Self::Ellipse => ("Ellipse", "O", "#i-circle"),
            Self::Line => ("Line", "L", "#i-slash"),
            Self::Arrow => ("Arrow", "A", "#i-arrow"),
        }
    }
}
