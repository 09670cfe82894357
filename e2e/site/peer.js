// The settings stand behind the address's number sign.
import converse from "/peer/converse.min.js";

converse.initialize(JSON.parse(decodeURIComponent(location.hash.slice(1))));
