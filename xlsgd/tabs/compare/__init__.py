"""The compare tab: runs side by side; on a rates tab their learning rates are typed in."""
