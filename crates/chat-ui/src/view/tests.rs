//! Ours and Yew's `html!` side by side: the same markup makes the same nodes.

use yew::prelude::*;
use yew::virtual_dom::{Key, Listener, VTag};

use super::{Child, View, classes, html};

/// A node in words; attributes by name, because Yew puts `class` last.
fn words(node: &Html) -> String {
    match node {
        Html::VText(text) => format!("{:?}", &*text.text),
        Html::VList(list) => format!("[{}]{}", all(list), key(list.key.as_ref())),
        Html::VTag(tag) => {
            let children = tag.children().map_or(String::from("void"), words);
            format!("<{}{}{} {children}>", tag.tag(), key(tag.key.as_ref()), attributes(tag))
        }
        other => panic!("not in these tests: {other:?}"),
    }
}

fn all(nodes: &[Html]) -> String {
    nodes.iter().map(words).collect::<Vec<_>>().join(" ")
}

fn key(key: Option<&Key>) -> String {
    key.map_or(String::new(), |key| format!(" #{key}"))
}

fn attributes(tag: &VTag) -> String {
    let mut known: Vec<String> = listed(tag).into_iter().map(|(name, value)| format!(" {name}={value:?}")).collect();
    known.sort();
    known.push(format!(" value={:?} checked={:?}", tag.value(), tag.checked()));
    known.concat()
}

fn listed(tag: &VTag) -> Vec<(String, String)> {
    use yew::virtual_dom::{AttributeOrProperty, Attributes};
    let text = |value: &AttributeOrProperty| match value {
        AttributeOrProperty::Static(text) => String::from(*text),
        AttributeOrProperty::Attribute(text) => String::from(text.as_str()),
        AttributeOrProperty::Property(_) => panic!("there are no properties"),
    };
    match &tag.attributes {
        Attributes::Static(known) => known.iter().map(|(name, value)| (String::from(*name), text(value))).collect(),
        Attributes::Dynamic { keys, values } => {
            assert_eq!(keys.len(), values.len());
            let there = keys.iter().zip(values.iter()).filter_map(|(name, value)| Some((name, value.as_ref()?)));
            there.map(|(name, value)| (String::from(*name), text(value))).collect()
        }
        Attributes::IndexMap(_) => panic!("slow to compare"),
    }
}

macro_rules! same {
    ($($markup:tt)*) => {
        assert_eq!(words(&html! { $($markup)* }), words(&yew::html! { $($markup)* }))
    };
}

#[test]
fn attributes_known_and_computed() {
    let (title, missing) = (AttrValue::from("a title"), None::<&'static str>);
    same!(<p></p>);
    same!(<p class="muted" data-focus=""></p>);
    same!(<p class="" title="a b" />);
    for shown in [true, false] {
        same!(<p title={&title} hidden={!shown} role={missing} lang={shown.then_some("en")} dir={String::from("rtl")}></p>);
        same!(<form novalidate=true class={if shown { "on" } else { "" }}></form>);
    }
    same!(<svg viewBox="0 0 24 24" aria-hidden="true"><path d={"M0 0"} /></svg>);
    same!(<option value="x" selected={true} />);
    let ours = words(&html! { <i class={classes!("a", Some("b"), None)} /> });
    assert_eq!(ours, words(&yew::html! { <i class={yew::classes!("a", Some("b"), None::<&str>)} /> }));
}

#[test]
fn inputs_are_special() {
    for (checked, value) in [(true, Some("v")), (false, None)] {
        same!(<input type="radio" {checked} {value} />);
        same!(<textarea rows="1" {value} />);
    }
    same!(<input type="text" value="fixed" />);
}

#[test]
fn children_are_the_same_lists() {
    let (none, one, text) = (None::<Html>, Some(Html::from("one")), AttrValue::from("text"));
    let many = || ["a", "b"].map(Html::from);
    same!(<p>{ "text" }</p>);
    same!(<p>{ text.clone() }</p>);
    same!(<p>{ none.clone() }</p>);
    same!(<p>{ one.clone() }</p>);
    same!(<p>{ one.clone() }{ none.clone() }{ &text }</p>);
    same!(<p>{ for many() }</p>);
    same!(<p>{ for None::<Html> }</p>);
    same!(<p>{ for one.clone() }</p>);
    same!(<p><b></b>{ for many() }<i>{ " " }</i></p>);
    same!(<p>{ Html::default() }<b></b></p>);
    same!(<><p></p>{ &text }{ for none.clone() }</>);
    same!(<p><></></p>);
    same!(<p><><b></b>{ "x" }</></p>);
    same!({ text.as_str().to_owned() });
    same!();
}

#[test]
fn choices_are_lists_of_their_own() {
    for a in [true, false] {
        same!(<p>if a { <b></b> }</p>);
        same!(<p>if a { <b></b>{ "x" } } else { <i></i> }<q></q></p>);
        same!(<p>if let Some(a) = a.then_some("a") { <b title={a}>{ a }</b> } else { { "b" } }{ "c" }</p>);
        same!(if a {
            { "a" }
        });
    }
}

#[test]
fn keys_stay() {
    let rows = || (0..3).map(|row| html! { <p key={Key::from(row)}></p> });
    assert_eq!(words(&html! { <div>{ for rows() }</div> }), words(&yew::html! { <div>{ for rows() }</div> }));
    assert!(words(&html! { <div>{ for rows() }</div> }).contains("#2"));
}

/// Yew compares tables of attributes by address before anything else.
#[test]
fn what_is_drawn_again_has_the_same_tables() {
    use yew::virtual_dom::Attributes;
    let draw = |title: &'static str| {
        let Html::VTag(tag) = html!(<p class="a" {title}><b class="b"></b></p>) else { panic!("a tag") };
        let Attributes::Dynamic { keys, .. } = tag.attributes else { panic!("names that stay") };
        let Some(Html::VTag(child)) = tag.children() else { panic!("an only child") };
        let Attributes::Static(known) = child.attributes else { panic!("known attributes") };
        (keys.as_ptr(), known.as_ptr())
    };
    assert_eq!(draw("one"), draw("two"));
}

#[test]
fn evaluates_in_the_order_of_the_markup() {
    let order = std::cell::RefCell::new(Vec::new());
    let note = |what: &'static str| {
        order.borrow_mut().push(what);
        what
    };
    let _ = html! { <p class={note("a")} title={note("b")}>if note("c") == "c" { { note("d") } }{ for Some(note("e")) }<i lang={note("f")} /></p> };
    assert_eq!(order.into_inner(), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn a_listener_knows_its_event() {
    let on = |event| super::build::On { event, call: Callback::noop() };
    assert_eq!(on("click").kind().type_name(), "click");
    assert!(on("scroll").passive() && !on("keydown").passive());
}

#[test]
fn a_text_that_is_no_template_is_drawn_as_far_as_it_goes() {
    for text in ["", "/", "<", "<p|", "<p|a=", "'x", "?", "(", "<p|title>{*?"] {
        let _ = View::new(text).draw();
    }
    let mut view = View::new("{");
    Child::fill("late", &mut view);
    assert_eq!(words(&view.draw()), "\"late\"");
}
