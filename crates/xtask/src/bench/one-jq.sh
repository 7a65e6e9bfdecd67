# The same with one jq for all guests; a cmp for each is left.
root=$1
"$root/xl/xl" list -l | jq -r '
    .[].config
    | [ .c_info.name, .b_info.target_memkb, .b_info.max_memkb, (.b_info.avail_vcpus | length),
        ([.disks[]? | "\(.vdev)=\(.pdev_path)"] | join(",")), ([.nics[]? | "\(.mac)@\(.bridge)"] | join(",")) ]
    | @tsv' | sort > "$root/run/facts" || exit 1
status=0
for want in "$root"/declared/*.cfg; do
    name=${want##*/}
    name=${name%.cfg}
    have=$root/etc/xen/$name.cfg
    cmp -s "$want" "$have" || { echo "$name: the configuration differs"; status=1; }
    [ "$root/etc/xen/auto/$name" -ef "$have" ] || { echo "$name: no link in auto"; status=1; }
done
cat "$root"/declared-facts/* | sort | diff - "$root/run/facts" || status=1
exit $status
