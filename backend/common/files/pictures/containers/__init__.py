"""The containers of the five image formats, walked by allow-list.

Each `strip_*` takes a whole file and gives the same picture without anything that is not picture:
coded pixels are copied untouched, everything else is rebuilt from parsed values or left out.
What cannot be cut without touching pixels raises BrokenImageError.

Not seen here: bytes that only a full decode can tell from pixels. `decoding_child.py` finds them
at the end of baseline JPEG and GIF data; inside progressive JPEG scans, between JPEG restart
markers and at the end of VP8, VP8L and AV1 bitstreams they stay, because telling them apart needs
an entropy decoder of our own.
"""
