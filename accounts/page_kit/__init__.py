"""What the pages of every app are made with: their base, forms sent once, errors beside fields."""
