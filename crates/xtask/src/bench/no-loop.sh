# The same without a loop: one jq, one diff of two folders, one list of links.
root=$1
"$root/xl/xl" list -l | jq -r '
    .[].config
    | [ .c_info.name, .b_info.target_memkb, .b_info.max_memkb, (.b_info.avail_vcpus | length),
        ([.disks[]? | "\(.vdev)=\(.pdev_path)"] | join(",")), ([.nics[]? | "\(.mac)@\(.bridge)"] | join(",")) ]
    | @tsv' | sort > "$root/run/facts" || exit 1
status=0
diff -rq --exclude=auto "$root/declared" "$root/etc/xen" || status=1
find "$root/etc/xen/auto" -type l -printf '%f %l\n' | sort > "$root/run/links"
(cd "$root/declared" && printf '%s\n' *.cfg) | sed 's|^\(.*\)\.cfg$|\1 ../\1.cfg|' | sort | diff - "$root/run/links" || status=1
cat "$root"/declared-facts/* | sort | diff - "$root/run/facts" || status=1
exit $status
