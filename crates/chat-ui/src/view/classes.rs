//! The words of a `class` attribute.

use yew::AttrValue;

/// Classes with spaces between them.
#[derive(Default)]
pub(crate) struct Classes(String);

impl Classes {
    /// Adds one or several, or none.
    #[inline(never)]
    pub(crate) fn add(&mut self, class: Option<&str>) {
        let Some(class) = class.filter(|class| !class.is_empty()) else { return };
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(class);
    }
}

impl From<Classes> for AttrValue {
    fn from(classes: Classes) -> Self {
        Self::from(classes.0)
    }
}

/// Joins classes, `&'static str` or an `Option` of it.
macro_rules! classes {
    ($($class:expr),* $(,)?) => {{
        let mut classes = $crate::view::Classes::default();
        $(classes.add(::std::convert::Into::into($class));)*
        classes
    }};
}

pub(crate) use classes;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_what_is_there() {
        let text = |classes: Classes| AttrValue::from(classes);
        assert_eq!(text(classes!("item", Some("current"), None::<&str>, "", "a b")), "item current a b");
        assert_eq!(text(classes!(None::<&str>)), "");
    }
}
