"""Where logs and stores lie, on disks and in buckets; opening, writing and tidying a store."""
