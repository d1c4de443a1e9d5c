// Package names reads and writes the names that cases have in the WIT. Generated types use it.
package names

import "strconv"

// Of is the name of the case at this place.
func Of(place int, names []string) string {
	if place < len(names) {
		return names[place]
	}
	return "case " + strconv.Itoa(place)
}

// Marshal is the name of the case at this place, for encoding.TextMarshaler.
func Marshal(place int, names []string) ([]byte, error) {
	if place < len(names) {
		return []byte(names[place]), nil
	}
	return nil, unknown(strconv.Itoa(place), names)
}

// PlaceOf is the place of the case with this name.
func PlaceOf(name string, names []string) (int, error) {
	for place, other := range names {
		if other == name {
			return place, nil
		}
	}
	return 0, unknown(strconv.Quote(name), names)
}

// Unknown is a case that does not exist.
type Unknown struct {
	// Case is what was found.
	Case string
	// Names are the cases that exist.
	Names []string
}

// Error names what was found, and what would do.
func (u *Unknown) Error() string {
	text := u.Case + " is no case: expected"
	for place, name := range u.Names {
		if place > 0 {
			text += ","
		}
		text += " " + name
	}
	return text
}

func unknown(found string, names []string) error { return &Unknown{Case: found, Names: names} }
