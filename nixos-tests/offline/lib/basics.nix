# Lists, strings, attribute sets and packages.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    elem
    elemAt
    filter
    genList
    isList
    length
    listToAttrs
    replaceStrings
    stringLength
    substring
    ;
  nameValue = name: value: { inherit name value; };
  chars = text: genList (n: substring n 1 text) (stringLength text);
  lowerChars = chars "abcdefghijklmnopqrstuvwxyz";
  upperChars = chars "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
in
rec {
  id = x: x;

  # Lists.
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  last = list: elemAt list (length list - 1);
  unique = builtins.foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
  flatten = x: if isList x then builtins.concatMap flatten x else [ x ];
  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  subtractLists = unwanted: filter (x: !elem x unwanted);
  reverseList = list: genList (n: elemAt list (length list - n - 1)) (length list);
  lists.findFirstIndex =
    predicate: default: list:
    let
      found = filter (n: predicate (elemAt list n)) (genList id (length list));
    in
    if found == [ ] then default else builtins.head found;
  max = a: b: if a > b then a else b;
  mod = a: b: a - b * (a / b);

  # Strings.
  optionalString = condition: text: if condition then text else "";
  concatMapStringsSep =
    separator: f: list:
    concatStringsSep separator (map f list);
  concatStrings = concatStringsSep "";
  concatMapStrings = f: list: concatStrings (map f list);
  stringToCharacters = text: genList (n: substring n 1 text) (stringLength text);
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      rest = stringLength text - stringLength suffix;
    in
    rest >= 0 && substring rest (-1) text == suffix;
  hasInfix = infix: text: replaceStrings [ infix ] [ "" ] text != text;
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  splitString =
    separator: text: filter builtins.isString (builtins.split (escapeRegex separator) text);
  escapeRegex =
    let
      special = stringToCharacters "\\[{()^$?*+|.";
    in
    replaceStrings special (map (c: "\\${c}") special);
  toUpper = replaceStrings lowerChars upperChars;
  toLower = replaceStrings upperChars lowerChars;
  boolToString = value: if value then "true" else "false";

  # Attribute sets.
  nameValuePair = nameValue;
  genAttrs = names: f: listToAttrs (map (name: nameValue name (f name)) names);
  mapAttrsToList = f: attrs: map (name: f name attrs.${name}) (attrNames attrs);
  filterAttrs =
    predicate: attrs:
    listToAttrs (
      builtins.concatMap (name: optional (predicate name attrs.${name}) (nameValue name attrs.${name})) (
        attrNames attrs
      )
    );
  optionalAttrs = condition: attrs: if condition then attrs else { };
  mapAttrs' = f: attrs: listToAttrs (mapAttrsToList f attrs);
  attrByPath =
    path: default: attrs:
    if path == [ ] then
      attrs
    else if attrs ? ${builtins.head path} then
      attrByPath (builtins.tail path) default attrs.${builtins.head path}
    else
      default;
  setAttrByPath =
    path: value: builtins.foldl' (inner: name: { ${name} = inner; }) value (reverseList path);
  isDerivation = value: value.type or null == "derivation";

  # Packages: one output, programs below bin/.
  getBin = package: package.bin or package;
  getExe = package: "${getBin package}/bin/${package.meta.mainProgram or package.pname}";
  getExe' = package: name: "${getBin package}/bin/${name}";
  makeBinPath = makeSearchPath "bin";
  makeSearchPath =
    folder: packages: concatMapStringsSep ":" (package: "${getBin package}/${folder}") packages;

  # How a value stands in a message: on one line.
  show =
    value:
    if builtins.isFunction value then
      "<function>"
    else if isDerivation value then
      "<derivation ${value.name}>"
    else if isList value then
      "[ ${concatStringsSep " " (map show value)} ]"
    else if builtins.isAttrs value then
      "{ ${concatStringsSep "; " (mapAttrsToList (name: v: "${name} = ${show v}") value)}; }"
    else if builtins.isPath value then
      toString value
    else
      builtins.toJSON value;
}
