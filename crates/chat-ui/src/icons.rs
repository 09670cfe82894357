//! The icons: strokes on a grid of 24, one component for all.

use yew::prelude::*;

use crate::view::html;

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A speech bubble.
    Chat,
    /// Two people.
    People,
    /// A person with a plus.
    AddPerson,
    /// A pencil on a sheet.
    Compose,
    /// A cross.
    Close,
    /// An arrow to where one came from (mirrored in right-to-left text).
    Back,
    /// An angle down.
    Down,
    /// A paper plane (mirrored in right-to-left text).
    Send,
    /// A magnifying glass.
    Search,
    /// One tick.
    Tick,
    /// Two ticks.
    Ticks,
    /// A clock.
    Clock,
    /// An exclamation mark in a circle.
    Warning,
    /// An open eye.
    Eye,
    /// A crossed-out eye.
    EyeOff,
    /// Three dots.
    More,
    /// An i in a circle.
    Info,
    /// Two sheets.
    Copy,
    /// A door with an arrow.
    SignOut,
    /// A bin.
    Bin,
    /// An arrow in a circle.
    Retry,
    /// A crossed-out cloud.
    NoNetwork,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Chat => {
                "M20.5 11.5a8 8 0 0 1-8.2 7.8 8.7 8.7 0 0 1-3.5-.7L4 20l1.3-4A7.4 7.4 0 0 1 4 11.5a8 8 0 0 1 8.2-7.8 8 8 0 0 1 8.3 7.8Z"
            }
            Self::People => {
                "M15.5 20v-1.6a3.6 3.6 0 0 0-3.6-3.6H6.6A3.6 3.6 0 0 0 3 18.400V20M9.2 11.300a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM21 20v-1.600a3.6 3.6 0 0 0-2.7-3.500M15.2 4.500a3.5 3.5 0 0 1 0 6.7"
            }
            Self::AddPerson => {
                "M15 20v-1.600a3.6 3.6 0 0 0-3.6-3.600H6.100a3.6 3.6 0 0 0-3.6 3.600V20M8.7 11.300a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM18.5 8v6M21.5 11h-6"
            }
            Self::Compose => {
                "M11.5 4.500h-6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-6M17.8 3.200a2 2 0 0 1 2.9 2.900L12.5 14.300l-3.9 1 1-3.900Z"
            }
            Self::Close => "M18 6 6 18M6 6l12 12",
            Self::Back => "M19 12H5M11.5 18.5 5 12l6.5-6.5",
            Self::Down => "M18.5 9.2 12 15.7 5.5 9.2",
            Self::Send => "M20.5 3.5 10.5 13.500M20.5 3.5 14.2 20.500l-3.7-7-7-3.700Z",
            Self::Search => "M11 18.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM20.5 20.500l-4.2-4.2",
            Self::Tick => "M19 7 9.5 16.5 5 12",
            Self::Ticks => "M15.5 7 6.5 16.5 2.5 12.300M21.5 7l-9 9.5-1.5-1.5",
            Self::Clock => "M12 20.500a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7v5l3.2 2",
            Self::Warning => "M12 20.500a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 8v4.500M12 15.800v.2",
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 14.800a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.600Z"
            }
            Self::EyeOff => {
                "M9.9 5.800A9 9 0 0 1 12 5.500c6 0 9.5 6.5 9.5 6.500a16 16 0 0 1-2.4 3.100M6.4 7.300A15.5 15.5 0 0 0 2.5 12S6 18.5 12 18.500a9 9 0 0 0 5-1.600M10 10a2.8 2.8 0 0 0 4 4M3.5 3.500l17 17"
            }
            Self::More => "M5 12h.01M12 12h.01M19 12h.01",
            Self::Info => "M12 20.500a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 16.500v-5M12 8v-.2",
            Self::Copy => {
                "M18.5 8.500h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h8a2 2 0 0 0 2-2v-8a2 2 0 0 0-2-2ZM5.5 15.500a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2"
            }
            Self::SignOut => {
                "M9.5 20.500h-4a2 2 0 0 1-2-2v-13a2 2 0 0 1 2-2h4M16 16.500l4.5-4.500L16 7.500M20.5 12h-11"
            }
            Self::Bin => {
                "M4 6.500h16M9 6.500v-1a2 2 0 0 1 2-2h2a2 2 0 0 1 2 2v1M6 6.500l.8 12a2 2 0 0 0 2 1.900h6.400a2 2 0 0 0 2-1.900l.8-12"
            }
            Self::Retry => "M20 5v5h-5M19.5 10A8 8 0 1 0 20 13.5",
            Self::NoNetwork => {
                "M3.5 3.500l17 17M8 8a6 6 0 0 0-1.5 1.600A4.5 4.5 0 0 0 7 18.500h10M11.5 6.500a6 6 0 0 1 6 4.5 4 4 0 0 1 2.8 5.5"
            }
        }
    }
}

/// Draws an icon; its meaning stands in the text or label beside it.
pub fn icon(shape: Icon) -> Html {
    let class = if matches!(shape, Icon::Back | Icon::Send | Icon::SignOut) { "ic mirror" } else { "ic" };
    html! { <svg {class} viewBox="0 0 24 24" aria-hidden="true"><path d={shape.path()} /></svg> }
}
