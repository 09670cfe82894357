//! Draws the rows near the viewport, measures them, and keeps the reader's place.
//!
//! Rows stand in the flow between two spacers. One [`ResizeObserver`] watches the drawn block and the viewport; geometry is
//! written through the CSSOM, because a `style` attribute would break a strict content security policy.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlElement, ResizeObserver};
use yew::prelude::*;
use yew::virtual_dom::Key as NodeKey;

use super::layout::{Anchor, Key, Layout, Row};
use crate::kept::{use_effect_with, use_mut_ref};
use crate::view::html;

/// How far beyond the viewport rows are drawn, and how near the edge of the drawn block is before more are.
const OVERSCAN: f64 = 700.0;
const RESERVE: f64 = 250.0;
/// So near its end the list counts as being at its tail.
const TAIL: f64 = 24.0;
/// So near its start the list asks for more.
const START: f64 = 400.0;

/// Draws row `index`; the flag says whether it is the one the keyboard is on.
#[derive(Clone)]
pub struct RenderRow(pub Rc<dyn Fn(usize, bool) -> Html>);

/// Never equal: rows are memoised by their own properties, not by this closure.
impl PartialEq for RenderRow {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

/// Where the reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The end of the list is in view.
    pub at_tail: bool,
    /// The last row of which anything is in view.
    pub last: usize,
}

/// Properties of [`VirtualList`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// All rows, with unique keys.
    pub rows: Rc<[Row]>,
    /// Draws one.
    pub render: RenderRow,
    /// `list` or `log`.
    pub role: &'static str,
    /// `listitem` or `article`.
    pub row_role: &'static str,
    /// The accessible name.
    pub label: AttrValue,
    /// The `part` of the scrolling element.
    pub part: &'static str,
    /// Starts at the end and stays there as rows are added.
    #[prop_or_default]
    pub tail: bool,
    /// Where a tail list starts instead, if the rows from there on fill more than the viewport.
    #[prop_or_default]
    pub start_at: Option<Key>,
    /// Goes to the end each time this changes.
    #[prop_or_default]
    pub to_tail: u32,
    /// Whether rows are windowed at all.
    pub windowed: bool,
    /// Whether there may be more before the start.
    #[prop_or_default]
    pub more: bool,
    /// The reader came near the start and there may be more; once per change of rows.
    #[prop_or_default]
    pub on_start: Callback<()>,
    /// The reader's place changed.
    #[prop_or_default]
    pub on_position: Callback<Position>,
}

#[derive(Default)]
struct State {
    layout: Layout,
    rows: Option<Rc<[Row]>>,
    range: Range<usize>,
    scroll_top: f64,
    viewport: f64,
    width: i32,
    at_tail: bool,
    /// Where the tail was last pinned to: a scroll event from there is not the person leaving the tail.
    pinned: f64,
    anchor: Option<Anchor>,
    positioned: bool,
    to_tail: u32,
    more: bool,
    asked: bool,
    active: Option<Key>,
    focus_active: bool,
    position: Option<Position>,
}

#[derive(Clone, PartialEq)]
struct Nodes {
    scroller: NodeRef,
    before: NodeRef,
    body: NodeRef,
    after: NodeRef,
}

/// See the module.
#[component]
pub fn VirtualList(props: &Props) -> Html {
    let nodes = Nodes { scroller: use_node_ref(), before: use_node_ref(), body: use_node_ref(), after: use_node_ref() };
    let state = use_mut_ref(State::default);
    let update = use_force_update();
    let (range, active) = state.borrow_mut().prepare(props);

    let settle: Rc<dyn Fn()> = {
        let (nodes, state, update) = (nodes.clone(), state.clone(), update.clone());
        let (windowed, start_at, tail) = (props.windowed, props.start_at, props.tail);
        let (on_start, on_position) = (props.on_start.clone(), props.on_position.clone());
        Rc::new(move || {
            let Some((again, focus)) = state.borrow_mut().settle(&nodes, tail, windowed, start_at) else { return };
            // Only now, with the borrow ended: focusing calls `onfocusin` before it returns. A missing focus is no error, the
            // row may be gone with the next diff.
            let _ = focus.map(|row| row.focus());
            if again {
                update.force_update();
            }
            report(&state, &on_start, &on_position);
        })
    };
    use_observer(&nodes, settle.clone());
    use_effect(move || settle());

    let onscroll = {
        let (nodes, state, update) = (nodes.clone(), state.clone(), update.clone());
        let (windowed, tail) = (props.windowed, props.tail);
        let (on_start, on_position) = (props.on_start.clone(), props.on_position.clone());
        Callback::from(move |_: Event| {
            let outside = state.borrow_mut().scrolled(&nodes, tail, windowed);
            if outside {
                update.force_update();
            }
            report(&state, &on_start, &on_position);
        })
    };
    let onkeydown = {
        let (nodes, state, update) = (nodes.clone(), state.clone(), update.clone());
        let tail = props.tail;
        Callback::from(move |event: KeyboardEvent| {
            if !event.alt_key() && state.borrow_mut().key(&event.key(), &nodes, tail) {
                event.prevent_default();
                update.force_update();
            }
        })
    };
    let onfocusin = {
        let (nodes, state, update) = (nodes.clone(), state.clone(), update.clone());
        Callback::from(move |event: FocusEvent| {
            if state.borrow_mut().focused(&event, &nodes) {
                update.force_update();
            }
        })
    };
    let total = AttrValue::from(props.rows.len().to_string());
    let rows = props.rows.get(range.clone()).unwrap_or_default().iter().zip(range).map(|(row, index)| {
        html! {
            <div key={NodeKey::from(row.key)} role={props.row_role} class="row" aria-setsize={&total} aria-posinset={(index + 1).to_string()}>
                { (props.render.0)(index, active == Some(index)) }
            </div>
        }
    });
    html! {
        <div ref={&nodes.scroller} class={if props.tail { "list tail" } else { "list" }} part={props.part} role={props.role} aria-label={&props.label}
            aria-live={props.tail.then_some("off")} tabindex={if active.is_none() || props.tail { "0" } else { "-1" }} {onscroll} {onkeydown} {onfocusin}>
            <div ref={&nodes.before} class="spacer" role="none"></div>
            <div ref={&nodes.body} class="rows" role="none">{ for rows }</div>
            <div ref={&nodes.after} class="spacer" role="none"></div>
        </div>
    }
}

/// Tells the owner after the borrow of the state has ended: the answer may well be new rows.
fn report(state: &RefCell<State>, on_start: &Callback<()>, on_position: &Callback<Position>) {
    let (position, ask) = state.borrow_mut().news();
    if let Some(position) = position {
        on_position.emit(position);
    }
    if ask {
        on_start.emit(());
    }
}

#[hook]
fn use_observer(nodes: &Nodes, settle: Rc<dyn Fn()>) {
    let latest = use_mut_ref(|| settle.clone());
    *latest.borrow_mut() = settle;
    use_effect_with(nodes.clone(), move |nodes| {
        let call = Closure::<dyn FnMut()>::new(move || {
            let settle = latest.borrow().clone();
            settle();
        });
        let observer = ResizeObserver::new(call.as_ref().unchecked_ref()).ok();
        if let Some(observer) = &observer {
            for node in [&nodes.scroller, &nodes.body] {
                if let Some(element) = node.cast::<Element>() {
                    observer.observe(&element);
                }
            }
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(call);
        }
    });
}

impl State {
    /// Before drawing: takes new rows, decides which to draw and which has the keyboard.
    fn prepare(&mut self, props: &Props) -> (Range<usize>, Option<usize>) {
        if !self.rows.as_ref().is_some_and(|rows| Rc::ptr_eq(rows, &props.rows)) {
            let grown = self.rows.as_ref().is_none_or(|rows| rows.len() != props.rows.len());
            self.asked &= !grown;
            self.layout.set_rows(&props.rows);
            self.rows = Some(props.rows.clone());
        }
        self.more = props.more;
        if self.to_tail != props.to_tail {
            self.to_tail = props.to_tail;
            self.at_tail = true;
        }
        self.scroll_top = self.target(props.tail || self.at_tail);
        let viewport = if self.viewport > 0.0 { self.viewport } else { 800.0 };
        self.range =
            if props.windowed { self.layout.window(self.scroll_top, viewport, OVERSCAN) } else { 0..self.layout.len() };
        let active = self.active.and_then(|key| self.layout.index_of(key));
        // The tab key must reach a list: without a place of its own it enters at the first row.
        (self.range.clone(), active.or((!props.tail && !self.layout.is_empty()).then_some(0)))
    }

    /// Where the viewport should stand now.
    fn target(&self, tail: bool) -> f64 {
        let end = (self.layout.total() - self.viewport).max(0.0);
        if tail && (self.at_tail || !self.positioned) {
            return end;
        }
        self.anchor.and_then(|anchor| self.layout.scroll_to(anchor)).unwrap_or(self.scroll_top).clamp(0.0, end)
    }

    /// After drawing: measures, corrects. `None`: not visible. Otherwise whether other rows must be drawn, and what to focus.
    fn settle(
        &mut self,
        nodes: &Nodes,
        tail: bool,
        windowed: bool,
        start_at: Option<Key>,
    ) -> Option<(bool, Option<HtmlElement>)> {
        let scroller = nodes.scroller.cast::<HtmlElement>()?;
        let body = nodes.body.cast::<Element>()?;
        let (viewport, width) = (scroller.client_height(), scroller.client_width());
        if viewport == 0 {
            return None;
        }
        self.viewport = f64::from(viewport);
        if width != self.width {
            self.width = width;
            self.layout.forget();
        }
        self.measure(&body, scale_of(&scroller));
        if tail && !self.positioned && !self.layout.is_empty() {
            self.positioned = true;
            self.place(start_at);
        }
        height(&nodes.before, self.layout.top(self.range.start));
        height(&nodes.after, self.layout.total() - self.layout.top(self.range.end));
        self.scroll_top = self.target(tail);
        if (f64::from(scroller.scroll_top()) - self.scroll_top).abs() > 1.0 {
            // Rounded up, so that the end is the end.
            scroller.set_scroll_top(self.scroll_top.ceil() as i32);
            self.pinned = f64::from(scroller.scroll_top());
        }
        Some((windowed && !self.covers(), self.focus(&body)))
    }

    fn measure(&mut self, body: &Element, scale: f64) {
        let children = body.children();
        let mut moved = false;
        for child in 0..children.length() {
            if let Some(row) = children.item(child) {
                moved |= self
                    .layout
                    .measure(self.range.start + child as usize, row.get_bounding_client_rect().height() / scale);
            }
        }
        if moved {
            self.layout.sum_from(self.range.start);
        }
    }

    /// The first place of a tail list: the end, or the new-messages divider when what follows does not fit.
    fn place(&mut self, start_at: Option<Key>) {
        self.at_tail = true;
        if let Some((key, index)) = start_at.and_then(|key| Some((key, self.layout.index_of(key)?)))
            && self.layout.total() - self.layout.top(index) > self.viewport
        {
            self.at_tail = false;
            self.anchor = Some(Anchor { key, offset: -self.viewport / 5.0 });
        }
    }

    /// Whether the drawn rows reach far enough.
    fn covers(&self) -> bool {
        let needed = self.layout.window(self.scroll_top, self.viewport, RESERVE);
        self.range.start <= needed.start && needed.end <= self.range.end
    }

    /// Takes the new scroll position. Tells whether other rows must be drawn.
    fn scrolled(&mut self, nodes: &Nodes, tail: bool, windowed: bool) -> bool {
        let Some(scroller) = nodes.scroller.cast::<HtmlElement>() else { return false };
        if scroller.client_height() == 0 {
            return false;
        }
        let top = f64::from(scroller.scroll_top());
        let below = f64::from(scroller.scroll_height() - scroller.client_height()) - top;
        self.at_tail = tail && (below <= TAIL || (self.at_tail && top >= self.pinned - 1.0));
        self.scroll_top = top;
        self.anchor = self.layout.anchor(top);
        self.asked &= top < 2.0 * START;
        windowed && !self.covers()
    }

    /// The arrow keys move between rows.
    fn key(&mut self, key: &str, nodes: &Nodes, tail: bool) -> bool {
        let Some(last) = self.layout.len().checked_sub(1) else { return false };
        let now = self.active.and_then(|key| self.layout.index_of(key));
        let to = match (key, now) {
            ("ArrowDown", None) | ("Home", _) => 0,
            ("ArrowUp", None) | ("End", _) => last,
            ("ArrowDown", Some(index)) => (index + 1).min(last),
            ("ArrowUp", Some(index)) => index.saturating_sub(1),
            _ => return false,
        };
        self.active = self.rows.as_ref().and_then(|rows| rows.get(to)).map(|row| row.key);
        self.focus_active = true;
        self.scroll_top = self.layout.reveal(to, self.scroll_top, self.viewport);
        self.anchor = self.layout.anchor(self.scroll_top);
        self.at_tail = tail && to == last;
        if let Some(scroller) = nodes.scroller.cast::<HtmlElement>() {
            scroller.set_scroll_top(self.scroll_top.ceil() as i32);
        }
        true
    }

    /// A row that got the focus by other means is where the keyboard goes on. Tells whether that is a new place.
    fn focused(&mut self, event: &FocusEvent, nodes: &Nodes) -> bool {
        let Some(body) = nodes.body.cast::<Element>() else { return false };
        let target: Option<web_sys::Node> = event.target().and_then(|target| target.dyn_into().ok());
        let children = body.children();
        let row =
            (0..children.length()).find(|row| children.item(*row).is_some_and(|row| row.contains(target.as_ref())));
        let key = row.and_then(|row| self.rows.as_ref()?.get(self.range.start + row as usize)).map(|row| row.key);
        key.is_some() && std::mem::replace(&mut self.active, key) != key
    }

    /// The row the keyboard moved to, once it is drawn.
    fn focus(&mut self, body: &Element) -> Option<HtmlElement> {
        let index = self.active.and_then(|key| self.layout.index_of(key));
        let child = index.filter(|index| self.focus_active && self.range.contains(index))?;
        self.focus_active = false;
        let row = body.children().item((child - self.range.start) as u32)?;
        row.query_selector("[data-focus]").ok().flatten()?.dyn_into().ok()
    }

    /// What changed for the owner since the last time.
    fn news(&mut self) -> (Option<Position>, bool) {
        if self.viewport == 0.0 || self.layout.is_empty() {
            return (None, false);
        }
        let last = self.layout.row_at(self.scroll_top + self.viewport - 1.0);
        let position = Position { at_tail: self.at_tail, last };
        let moved = self.position.replace(position) != Some(position);
        let ask = self.more && !self.asked && self.scroll_top < START;
        self.asked |= ask;
        (moved.then_some(position), ask)
    }
}

/// How much a transform (an opening panel, a page's own) shrinks what is measured on the screen.
fn scale_of(scroller: &HtmlElement) -> f64 {
    let scale = scroller.get_bounding_client_rect().height() / f64::from(scroller.offset_height());
    if scale > 0.0 { scale } else { 1.0 }
}

/// Writes a height through the CSSOM.
fn height(node: &NodeRef, pixels: f64) {
    if let Some(element) = node.cast::<HtmlElement>() {
        // Whole pixels are enough for what is out of sight, and cheaper to write than fractions.
        let _ = element.style().set_property("height", &format!("{}px", pixels.round().max(0.0) as u32));
    }
}
