"""Files and JSON that others read: manifest, shootout file, archive."""
