// Package codec is gRPC's protobuf codec, at about half the cost for messages that have generated methods for it.
//
// Which messages those are is said in buf.gen.yaml: what AuthorizeStream carries, and thereby nearly all that its unary
// counterparts do. Every other message goes to the codec that gRPC has of its own, the standard one.
//
// What comes out is what the standard codec would have made. The generated methods do not see to that themselves: they
// let invalid UTF-8 pass, among other things. So a layout, made from the message's descriptor, looks through the bytes,
// and what is in any way out of the ordinary is done again by the standard codec, whose verdict it then is: text that is
// not UTF-8, fields unknown here, fields in an unusual encoding, and bytes fields, which would be shared (see below).
// There is one difference: fields that a Timestamp or Duration had and that are unknown here are not sent on.
//
// A message that was decoded shares memory: all its strings are parts of one copy of the bytes that it came in, which
// is one allocation instead of one for each. A string of it that is kept keeps that copy. Copies are of 1 KiB at most;
// larger messages are decoded by the standard codec, so that nobody can fill a server's memory by sending little that is
// kept beside much that is not.
package codec
