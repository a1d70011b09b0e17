// expect: cannot convert|conflicting arguments to generic parameter|requires the types 'Int' and 'String' be equivalent
import Penstock

let length = Activity("length") { (text: String) in text.count }
let shout = Activity("shout") { (text: String) in text.uppercased() }

let broken = Chain("broken") {
    length
    shout
}
