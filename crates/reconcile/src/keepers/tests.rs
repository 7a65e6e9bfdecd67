use std::os::unix::fs::symlink;

use super::*;

/// A tree, and what makes a process in it.
struct Tree(tempfile::TempDir);

impl Tree {
    fn layout(&self) -> Layout {
        Layout::without_document(self.0.path())
    }

    fn process(&self, pid: u32, command: &[&str], log: Option<&str>) {
        let folder = self.0.path().join(format!("proc/{pid}"));
        fs::create_dir_all(folder.join("fd")).unwrap();
        fs::write(folder.join("cmdline"), command.join("\0") + "\0").unwrap();
        symlink(self.0.path().join("root"), folder.join("cwd")).unwrap();
        let log = log.map_or_else(
            || "pipe:[7]".to_owned(),
            |log| format!("/var/log/xen/{log}"),
        );
        symlink(log, folder.join("fd/1")).unwrap();
    }

    fn file(&self, path: &str, text: &str) -> String {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn keeps(&self, name: &str) -> bool {
        let keepers = Keepers::look(&self.layout());
        keepers
            .of(&[name.to_owned()], &[Uuid::from_u128(7)])
            .is_some()
    }
}

#[test]
fn an_xl_is_the_keeper_of_the_guest_that_it_makes() {
    let web = |command: &[&str], log| {
        let tree = Tree(tempfile::tempdir().unwrap());
        tree.process(40, &["/sbin/init"], None);
        let text = format!("name = \"web\"\nuuid = \"{}\"\n", Uuid::from_u128(9));
        tree.file("etc/xen/web.cfg", &text);
        tree.file("root/own.cfg", &text);
        let by_uuid = format!("name = \"x\"\nuuid = \"{}\"\n", Uuid::from_u128(7));
        tree.file("root/uuid.cfg", &by_uuid);
        let root = tree.0.path().display().to_string();
        let command: Vec<String> = command
            .iter()
            .map(|word| word.replace('@', &root))
            .collect();
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        tree.process(41, &words, log);
        (tree.keeps("web"), tree.keeps("other"))
    };
    let mine = (true, false);
    let nobody = (false, false);
    let both = (true, true);
    // Of the unit; of xendomains while it builds, and when it is in the background; by hand.
    assert_eq!(
        web(&["xl", "create", "-F", "@/etc/xen/web.cfg"], None),
        mine
    );
    let auto = [
        "/run/sw/bin/xl",
        "create",
        "--quiet",
        "--defconfig",
        "@/etc/xen/auto/web",
    ];
    assert_eq!(web(&auto, None), mine);
    assert_eq!(web(&auto, Some("xl-web.log")), mine);
    assert_eq!(web(&["xl", "cr", "/gone"], Some("xl-web.log.3")), mine);
    assert_eq!(
        web(
            &["xl", "create", "/gone"],
            Some("xl-web.log-20250101 (deleted)")
        ),
        mine
    );
    assert_eq!(
        web(&[".xl-wrapped", "-v", "create", "-F", "own.cfg"], None),
        mine
    );
    assert_eq!(
        web(&["xl", "create", "-F", "/dev/null", "name=\"web\""], None),
        mine
    );
    assert_eq!(
        web(
            &["xl", "restore", "-p", "-F", "@/var/lib/xen/save/web"],
            None
        ),
        mine
    );
    assert_eq!(
        web(&["xl", "create", "-F", "uuid.cfg"], None),
        both,
        "by its UUID"
    );
    // What nobody can tell may be anybody's.
    assert_eq!(web(&["xl", "create", "-F", "/gone"], None), both);
    assert_eq!(web(&["xl", "migrate-receive"], None), both);
    // Others, and what makes no domain.
    assert_eq!(
        web(&["xl", "create", "@/etc/xen/web.cfg"], Some("xl-web2.log")),
        nobody
    );
    assert_eq!(
        web(&["xl", "create", "-F", "@/var/lib/xen/save/web2"], None),
        nobody
    );
    assert_eq!(web(&["xl", "console", "web"], None), nobody);
    assert_eq!(web(&["qemu-system-i386", "create", "web"], None), nobody);
    assert_eq!(web(&[""], None), nobody);
}

#[test]
fn a_unit_keeps_its_guest_and_whoever_works_on_its_disks_holds_it_off() {
    let tree = Tree(tempfile::tempdir().unwrap());
    let (layout, names) = (tree.layout(), vec!["web".to_owned(), "www".to_owned()]);
    assert!(!tree.keeps("web"));
    let keeping = Keeping::begin("www", &layout, &mut || {}).unwrap();
    let by_hand = Keeping::begin("www", &layout, &mut || panic!("two run")).unwrap();
    assert!(!tree.keeps("www"), "a process is not in its own way");
    tree.file("run/domus/www.keeper", "1");
    assert!(tree.keeps("www") && !tree.keeps("web"));
    drop((keeping, by_hand));
    assert!(!tree.keeps("www"));
    let off = HeldOff::begin(&names, &[], &layout).unwrap();
    let mut off = Some(off);
    // It goes on when the work is over.
    Keeping::begin("web", &layout, &mut || drop(off.take())).unwrap();
    assert!(off.is_none());
    tree.process(41, &["xl", "create", "-F", "/gone"], Some("xl-www.log"));
    let refused = HeldOff::begin(&names, &[], &layout).unwrap_err();
    assert!(
        refused.to_string().contains("its xl (process 41) is there"),
        "{refused}"
    );
}
