# What a script in place of Domus has to do where nothing changed, guest by guest.
root=$1
"$root/xl/xl" list -l > "$root/run/list-l.json" || exit 1
status=0
for want in "$root"/declared/*.cfg; do
    name=${want##*/}
    name=${name%.cfg}
    have=$root/etc/xen/$name.cfg
    cmp -s "$want" "$have" || { echo "$name: the configuration differs"; status=1; }
    [ "$root/etc/xen/auto/$name" -ef "$have" ] || { echo "$name: no link in auto"; status=1; }
    runs=$(jq -r --arg name "$name" '
        .[] | select(.config.c_info.name == $name) | .config
        | [ .c_info.name, .b_info.target_memkb, .b_info.max_memkb, (.b_info.avail_vcpus | length),
            ([.disks[]? | "\(.vdev)=\(.pdev_path)"] | join(",")), ([.nics[]? | "\(.mac)@\(.bridge)"] | join(",")) ]
        | @tsv' "$root/run/list-l.json")
    [ "$runs" = "$(cat "$root/declared-facts/$name")" ] || { echo "$name: runs otherwise"; status=1; }
done
exit $status
