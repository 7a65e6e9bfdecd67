"""Unpacks a bzImage whose kernel is compressed with xz, as Debian's is. Arguments: the bzImage, and the file to write.

The header is that of Documentation/arch/x86/boot.rst: setup_sects, payload_offset and payload_length.
"""

import lzma
import struct
import sys

with open(sys.argv[1], "rb") as file:
    image = file.read()
offset, length = struct.unpack_from("<II", image, 0x248)
start = (image[0x1F1] + 1) * 512 + offset
kernel = lzma.LZMADecompressor().decompress(image[start : start + length])
if kernel[:4] != b"\x7fELF":
    sys.exit("what is packed is no ELF file")
with open(sys.argv[2], "wb") as file:
    file.write(kernel)
