# The modules of $closure as the micro guest's init loads them: uncompressed in one
# folder, and `order`, their names, each after what it needs.
if ! [ -s "$closure/insmod-list" ]; then
    echo "$closure/insmod-list names no module: the micro guest would have neither disks nor a network." >&2
    echo "Choose a kernel in boot.kernelPackages that has xen-blkfront and xen-netfront as modules." >&2
    exit 1
fi
mkdir "$out"
while read -r module; do
    name=${module##*/}
    case $name in
        *.ko.xz) name=${name%.xz} && xz -dc "$module" >"$out/$name" ;;
        *.ko.zst) name=${name%.zst} && zstd -qdc "$module" >"$out/$name" ;;
        *) cp "$module" "$out/$name" ;;
    esac
    echo "$name" >>"$out/order"
done <"$closure/insmod-list"
