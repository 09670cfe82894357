//! A type of ours beside the type of theirs, and the three ways to compare them.

use std::fmt::{Debug, Display};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRng, TestRunner};
use xmpp::Payload;
use xmpp::stanza::Stanza;
use xmpp::xml::Element;
use xmpp_parsers::minidom;

/// How many generated values each pair is tried with.
const CASES: u32 = 64;

/// A value that stands as one element on the wire: a payload or a stanza.
pub(crate) struct Wire<O> {
    matches: Box<dyn Fn(&Element) -> bool>,
    read: Read<O>,
    write: fn(&O) -> Element,
}

type Read<O> = Box<dyn Fn(&Element) -> Result<O, String>>;

/// A type of ours (`O`), the type of theirs (`T`) for the same element, and what both say (`M`).
pub(crate) struct Pair<O, T, M> {
    file: &'static str,
    wire: Wire<O>,
    ours: fn(&O) -> M,
    theirs: fn(&T) -> M,
    applies: fn(&Element) -> bool,
    values: Option<BoxedStrategy<O>>,
    rows: fn() -> Vec<T>,
}

/// A pair without its types.
pub(crate) trait Agree {
    /// The file of `crates/xmpp/src/xep`; empty for what is not a payload.
    fn file(&self) -> &'static str;

    /// The name of our type, without its path.
    fn ours(&self) -> &'static str;

    /// Both types, for people.
    fn label(&self) -> String;

    /// Whether the element is one that our type stands for.
    fn matches(&self, element: &Element) -> bool;

    /// Whether the element is one that both types can stand for.
    fn applies(&self, element: &Element) -> bool;

    /// An element as it came from somewhere: through ours to theirs and back.
    fn check_element(&self, element: &Element) -> Result<(), String>;

    /// Generated values of ours to theirs and back.
    fn check_values(&self) -> Result<(), String>;

    /// Values of theirs to ours.
    fn check_rows(&self) -> Result<(), String>;
}

/// A pair of payloads, where each says all that the other says.
pub(crate) fn same<O: Payload + Clone + 'static, T>(file: &'static str, theirs: fn(&T) -> O) -> Pair<O, T, O> {
    pair(file, O::clone, theirs)
}

/// A pair of payloads that are compared in what both have.
pub(crate) fn pair<O: Payload + 'static, T, M>(
    file: &'static str,
    ours: fn(&O) -> M,
    theirs: fn(&T) -> M,
) -> Pair<O, T, M> {
    let read: Read<O> = Box::new(|element: &Element| O::read(element).map_err(|error| error.to_string()));
    wire(file, Wire { matches: Box::new(O::matches), read, write: O::write }, ours, theirs)
}

/// A pair of stanzas, of the kind that `take` takes.
pub(crate) fn stanza<O: Clone + Into<Element> + 'static, T, M>(
    take: fn(Stanza) -> Option<O>,
    ours: fn(&O) -> M,
    theirs: fn(&T) -> M,
) -> Pair<O, T, M> {
    let read: Read<O> = Box::new(move |element: &Element| {
        let stanza = Stanza::try_from(element.clone()).map_err(|error| error.to_string())?;
        take(stanza).ok_or_else(|| "another kind of stanza".to_owned())
    });
    let matches = Box::new(move |element: &Element| Stanza::try_from(element.clone()).is_ok_and(|s| take(s).is_some()));
    wire("", Wire { matches, read, write: |stanza| stanza.clone().into() }, ours, theirs)
}

fn wire<O, T, M>(file: &'static str, wire: Wire<O>, ours: fn(&O) -> M, theirs: fn(&T) -> M) -> Pair<O, T, M> {
    Pair { file, wire, ours, theirs, applies: |_| true, values: None, rows: Vec::new }
}

impl<O, T, M> Pair<O, T, M>
where
    O: Debug + 'static,
    T: TryFrom<minidom::Element, Error: Display> + Into<minidom::Element> + 'static,
    M: Debug + PartialEq + 'static,
{
    /// The values of ours to try.
    pub(crate) fn values(mut self, values: impl Strategy<Value = O> + 'static) -> Self {
        self.values = Some(values.boxed());
        self
    }

    /// Values of theirs to try, which ours might not come to by itself.
    pub(crate) fn rows(mut self, rows: fn() -> Vec<T>) -> Self {
        self.rows = rows;
        self
    }

    /// Narrows the elements that both can stand for.
    pub(crate) fn when(mut self, applies: fn(&Element) -> bool) -> Self {
        self.applies = applies;
        self
    }

    pub(crate) fn done(self) -> Box<dyn Agree> {
        Box::new(self)
    }

    fn check(&self, value: &O) -> Result<(), String> {
        let xml = (self.wire.write)(value).to_xml();
        let dom: minidom::Element = xml.parse().map_err(|error| format!("not XML to them: {error}: {xml}"))?;
        let theirs = T::try_from(dom).map_err(|error| format!("refused by them: {error}: {xml}"))?;
        let (said, heard) = ((self.ours)(value), (self.theirs)(&theirs));
        if said != heard {
            return Err(format!("we said\n  {said:?}\nthey heard\n  {heard:?}\nfrom {xml}"));
        }
        self.check_theirs(theirs)
    }

    fn check_theirs(&self, value: T) -> Result<(), String> {
        let said = (self.theirs)(&value);
        let xml = String::from(&value.into());
        let element = xmpp::xml::parse(&xml).map_err(|error| format!("not XML to us: {error}: {xml}"))?;
        if !(self.wire.matches)(&element) {
            return Err(format!("we would not look at {xml}"));
        }
        let ours = (self.wire.read)(&element).map_err(|error| format!("refused by us: {error}: {xml}"))?;
        let heard = (self.ours)(&ours);
        if said == heard { Ok(()) } else { Err(format!("they said\n  {said:?}\nwe heard\n  {heard:?}\nfrom {xml}")) }
    }

    fn named(&self, result: Result<(), String>) -> Result<(), String> {
        result.map_err(|error| format!("{}: {error}", self.label()))
    }
}

impl<O, T, M> Agree for Pair<O, T, M>
where
    O: Debug + 'static,
    T: TryFrom<minidom::Element, Error: Display> + Into<minidom::Element> + 'static,
    M: Debug + PartialEq + 'static,
{
    fn file(&self) -> &'static str {
        self.file
    }

    fn ours(&self) -> &'static str {
        std::any::type_name::<O>().rsplit("::").next().unwrap()
    }

    fn label(&self) -> String {
        format!("{} and {}", std::any::type_name::<O>(), std::any::type_name::<T>())
    }

    fn matches(&self, element: &Element) -> bool {
        (self.wire.matches)(element)
    }

    fn applies(&self, element: &Element) -> bool {
        self.matches(element) && (self.applies)(element)
    }

    fn check_element(&self, element: &Element) -> Result<(), String> {
        let value = (self.wire.read)(element).map_err(|error| format!("refused by us: {error}"));
        self.named(value.and_then(|value| self.check(&value)))
    }

    fn check_values(&self) -> Result<(), String> {
        let Some(values) = &self.values else { return self.named(Err("no values".into())) };
        // The same values in every run: what is found here is a difference of two programs, not of two runs.
        let rng = TestRng::deterministic_rng(Config::default().rng_algorithm);
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let result =
            TestRunner::new_with_rng(config, rng).run(values, |value| self.check(&value).map_err(TestCaseError::fail));
        self.named(result.map_err(|error| error.to_string()))
    }

    fn check_rows(&self) -> Result<(), String> {
        (self.rows)().into_iter().try_for_each(|value| self.named(self.check_theirs(value)))
    }
}

/// An element of theirs as ours.
pub(crate) fn element(theirs: impl Into<minidom::Element>) -> Element {
    let xml = String::from(&theirs.into());
    xmpp::xml::parse(&xml).unwrap_or_else(|error| panic!("{error}: {xml}"))
}

/// What an element is called whose name is all it says.
pub(crate) fn word(theirs: impl Into<minidom::Element>) -> String {
    theirs.into().name().to_owned()
}

/// What they type keeps no white space between elements.
pub(crate) fn unindented(element: &Element) -> Element {
    let mut copy = element.clone();
    let children = copy.take_children();
    if children.is_empty() { copy } else { shell(&copy).with_children(children.iter().map(unindented)) }
}

fn shell(element: &Element) -> Element {
    let mut shell = Element::new(element.name().to_owned(), element.ns().to_owned());
    for (_, name, value) in element.attrs() {
        shell.set_attr(name.to_owned(), value);
    }
    shell
}
