// Command holdfast runs a Holdfast server and looks after its book.
//
// A command is a struct with a Run method in the file of its name; its flags are the struct's fields, and its Help method
// teaches its use. What a command does is elsewhere: here the parts are put together, and people are talked to.
package main
