# The modules of $closure as the micro guest's init loads them: uncompressed in one
# folder, and `order`, their names, each after what it needs.
mkdir "$out"
touch "$out/order"
[ -e "$closure/insmod-list" ] || exit 0
while read -r module; do
    name=${module##*/}
    case $name in
        *.ko.xz) name=${name%.xz} && xz -dc "$module" >"$out/$name" ;;
        *.ko.zst) name=${name%.zst} && zstd -qdc "$module" >"$out/$name" ;;
        *) cp "$module" "$out/$name" ;;
    esac
    echo "$name" >>"$out/order"
done <"$closure/insmod-list"
