package broken_test

import data.broken

test_it if not broken.verdict with input as {}
