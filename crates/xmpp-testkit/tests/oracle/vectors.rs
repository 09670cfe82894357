//! The examples of the XEPs: read by us, written by us, read by them, written by them, read by us.

use std::fs;
use std::path::Path;

use xmpp::ns;
use xmpp::xml::{Element, Limits, Scope, parse_in};

use crate::coverage::{entries, xmpp_crate};
use crate::pair::Agree;
use crate::report;

/// Examples that they refuse or read differently: file, our type, why. Each is checked to still be so.
const THEIRS_DIFFER: &[(&str, &str, &str)] = &[];

#[test]
fn examples_mean_the_same_to_both() {
    let pairs = crate::pairs();
    let mut compared = 0;
    let mut results = Vec::new();
    for folder in entries(&xmpp_crate().join("tests/vectors")).iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        for path in entries(folder).iter().filter(|path| is_example(path)) {
            for_each(&parse(path), &mut |element| {
                for pair in pairs.iter().filter(|pair| pair.file() == name && pair.applies(element)) {
                    compared += 1;
                    results.push(check(&**pair, path, element));
                }
            });
        }
    }
    report(results.into_iter());
    assert!(compared > 200, "only {compared} compared");
}

/// The examples that are whole stanzas.
#[test]
fn stanzas_of_the_examples_mean_the_same_to_both() {
    let pairs = crate::stanzas::pairs();
    let mut compared = 0;
    let mut results = Vec::new();
    for folder in entries(&xmpp_crate().join("tests/vectors")).iter().filter(|path| path.is_dir()) {
        for path in entries(folder).iter().filter(|path| is_example(path)) {
            let element = parse(path);
            for pair in pairs.iter().filter(|pair| pair.applies(&element)) {
                compared += 1;
                results.push(check(&**pair, path, &element));
            }
        }
    }
    report(results.into_iter());
    assert!(compared > 80, "only {compared} compared");
}

fn check(pair: &dyn Agree, path: &Path, element: &Element) -> Result<(), String> {
    let file = path.components().rev().take(2).map(|part| part.as_os_str().to_str().unwrap()).collect::<Vec<_>>();
    let file = format!("{}/{}", file[1], file[0]);
    let excused = THEIRS_DIFFER.iter().any(|(of, ours, _)| *of == file && *ours == pair.ours());
    match pair.check_element(element) {
        Ok(()) if excused => Err(format!("{file}: {} is no longer different", pair.label())),
        Err(_) if excused => Ok(()),
        other => other.map_err(|error| format!("{file}: {error}")),
    }
}

fn is_example(path: &Path) -> bool {
    let name = path.to_str().unwrap();
    name.ends_with(".xml") && !name.ends_with(".err.xml")
}

/// As in a stream: the examples leave its declarations out.
fn parse(path: &Path) -> Element {
    let mut scope = Scope::new();
    scope.declare("", ns::CLIENT).unwrap();
    scope.declare("stream", ns::STREAM).unwrap();
    let text = fs::read_to_string(path).unwrap();
    parse_in(&text, &scope, &Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn for_each(element: &Element, visit: &mut impl FnMut(&Element)) {
    visit(element);
    for child in element.children() {
        for_each(child, visit);
    }
}
