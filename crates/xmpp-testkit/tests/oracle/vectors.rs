//! The examples of the XEPs: read by us, written by us, read by them, written by them, read by us.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use xmpp::ns;
use xmpp::xml::{Element, Limits, Scope, parse_in};

use crate::coverage::{entries, xmpp_crate};
use crate::report;

/// Examples that the pairs leave out: file, our type, why.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("bind2/04-server-responds-after-processing-the-bind.xml", "Bound", "they have a type for the archive's metadata"),
    ("data_forms/08-service-returns-search-results.xml", "DataForm", NO_REPORTS),
    ("private_storage/01-client-stores-private-data.xml", "PrivateStorage", ONLY_BOOKMARKS),
    ("private_storage/02-client-retrieves-private-data.xml", "PrivateStorage", ONLY_BOOKMARKS),
    ("private_storage/03-user-attempts-to-get-or-set-data-for-another-use.xml", "PrivateStorage", ONLY_BOOKMARKS),
    ("private_storage/04-user-attempts-to-get-data-without-specifying-chi.xml", "PrivateStorage", ONLY_BOOKMARKS),
    ("private_storage/05-user-attempts-to-get-or-set-data-in-a-reserved-n.xml", "PrivateStorage", ONLY_BOOKMARKS),
    ("sasl/auth-with-empty-initial-response.xml", "Auth", "they do not read the = of RFC 6120 §6.4.2"),
    ("sasl/auth-without-initial-response.xml", "Auth", "their mechanisms are a closed list"),
    ("sasl2/02-an-authentication-request.xml", "Authenticate", OTHER_AGENT),
    ("sasl2/03-an-authentication-request-with-a-bind-request.xml", "Authenticate", OTHER_AGENT),
    ("sasl2/14-plain-authentication.xml", "Authenticate", OTHER_AGENT),
    ("sasl2/15-no-initial-response.xml", "Authenticate", OTHER_AGENT),
    ("sm/04-server-returns-error-if-client-attempts-to-enabl.xml", "Failed", NO_FAILED_ENABLE),
    ("sm/17-client-failed-to-enable-stream-management.xml", "Failed", NO_FAILED_ENABLE),
    ("sm/18-client-failed-to-resume-stream-and-to-enable-man.xml", "Failed", NO_FAILED_ENABLE),
    ("vcard_temp/photo-elsewhere.xml", "Photo", NO_EXTVAL),
    ("vcard_temp/photo-elsewhere.xml", "VCard", NO_EXTVAL),
];
const NO_REPORTS: &str = "they have no reports of several items (XEP-0004 §3.4)";
const ONLY_BOOKMARKS: &str = "the only private element they know is that of bookmarks";
const NO_FAILED_ENABLE: &str = "they insist on h, which a failed <enable/> does not have (XEP-0198 §3)";
const OTHER_AGENT: &str = "they read the texts of the user agent from elements of other names";
const NO_EXTVAL: &str = "they have no picture that is elsewhere";

#[test]
fn examples_mean_the_same_to_both() {
    let pairs = crate::pairs();
    let (mut results, mut compared, mut left_out) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for path in examples() {
        let (folder, file) = names(&path);
        for_each(&parse(&path), &mut |element| {
            let matching: Vec<_> = pairs.iter().filter(|p| p.file() == folder && p.matches(element)).collect();
            let applying: Vec<_> = matching.iter().filter(|pair| pair.applies(element)).collect();
            results.extend(applying.iter().map(|pair| pair.check_element(element).map_err(|e| format!("{file}: {e}"))));
            compared.extend(applying.iter().map(|pair| pair.label()));
            if let (Some(pair), true) = (matching.first(), applying.is_empty()) {
                left_out.insert((format!("{folder}/{file}"), pair.ours()));
            }
        });
    }
    let count = results.len();
    report(results.into_iter());
    assert!(count > 200, "only {count} compared");
    let listed = LEFT_OUT.iter().map(|(file, ours, _)| ((*file).to_owned(), *ours)).collect();
    assert_eq!(left_out, listed, "what is left out is not what is listed");
    let without: Vec<String> =
        pairs.iter().map(|pair| pair.label()).filter(|label| !compared.contains(label)).collect();
    assert!(without.is_empty(), "no example for {without:?}");
}

/// The examples that are whole stanzas.
#[test]
fn stanzas_of_the_examples_mean_the_same_to_both() {
    let pairs = crate::stanzas::pairs();
    let mut results = Vec::new();
    for path in examples() {
        let element = parse(&path);
        let pair = pairs.iter().find(|pair| pair.applies(&element));
        results.extend(pair.map(|pair| pair.check_element(&element).map_err(|e| format!("{}: {e}", names(&path).1))));
    }
    assert!(results.len() > 80, "only {} compared", results.len());
    report(results.into_iter());
}

fn examples() -> Vec<PathBuf> {
    let folders = entries(&xmpp_crate().join("tests/vectors")).into_iter().filter(|path| path.is_dir());
    folders.flat_map(|folder| entries(&folder)).filter(|path| is_example(path)).collect()
}

/// Folder and file.
fn names(path: &Path) -> (String, String) {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    (name(path.parent().unwrap()), name(path))
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
