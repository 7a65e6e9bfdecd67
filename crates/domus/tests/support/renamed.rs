//! web, which is called shop from now on.

use std::fs;

use serde_json::{Value, json};

use super::{Dom0, applied, guest};

/// web, with a kernel of the store.
pub fn web() -> Value {
    let mut web = guest("web", 1);
    web["boot"]["kernel"] = json!("/nix/store/aaa-linux/bzImage");
    web
}

/// A Dom0 on which web runs.
pub fn with_web() -> Dom0 {
    let dom0 = Dom0::new();
    fs::create_dir_all(dom0.path("/nix/var/nix/gcroots")).unwrap();
    dom0.declare(&[web()]);
    applied(&dom0, &["apply"]);
    dom0
}

/// web, as it is declared once it is called shop: the module derives its UUID and its MAC from the first name.
pub fn shop() -> Value {
    let mut shop = web();
    shop["name"] = json!("shop");
    shop["lifecycle"] = json!({ "previousNames": [ "web" ] });
    shop
}

/// web is declared as shop.
pub fn declare_shop(dom0: &Dom0) {
    dom0.declare(&[shop()]);
}

/// Nothing is left of the old name but in what is remembered of it.
pub fn web_is_gone(dom0: &Dom0) {
    let files = dom0.files("/");
    let left: Vec<&String> = files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.contains("/web") && !path.starts_with("/vmdisks"))
        .collect();
    assert_eq!(left, [""; 0]);
    assert!(!dom0.runs("web"));
}
