#if Postgres
/// Whether this program has libpq in it, which a trait of the package decides.
let hasLibpq = true
#else
let hasLibpq = false

// What is used of libpq, for a package that is built without it. There is no address then, so nobody can connect, and
// none of this is called. It saves every other file from being written in two ways.

typealias LibpqObject = OpaquePointer?
typealias LibpqWords = UnsafePointer<UnsafePointer<CChar>?>?
typealias LibpqNumbers = UnsafePointer<Int32>?
typealias LibpqText = UnsafeMutablePointer<CChar>?

/// A number of any of libpq's enumerations.
struct LibpqCode: Equatable {
    let number: Int
}

let CONNECTION_OK = LibpqCode(number: 0)
let CONNECTION_BAD = LibpqCode(number: 1)
let PGRES_EMPTY_QUERY = LibpqCode(number: 0)
let PGRES_COMMAND_OK = LibpqCode(number: 1)
let PGRES_TUPLES_OK = LibpqCode(number: 2)
let PGRES_FATAL_ERROR = LibpqCode(number: 7)
let PGRES_PIPELINE_SYNC = LibpqCode(number: 10)
let PGRES_PIPELINE_ABORTED = LibpqCode(number: 11)
let PGRES_POLLING_READING = LibpqCode(number: 1)
let PGRES_POLLING_WRITING = LibpqCode(number: 2)
let PGRES_POLLING_OK = LibpqCode(number: 3)
let PQTRANS_ACTIVE = LibpqCode(number: 1)
let PQTRANS_INTRANS = LibpqCode(number: 2)
let PQTRANS_INERROR = LibpqCode(number: 3)
let PQERRORS_DEFAULT = LibpqCode(number: 1)
let PQERRORS_VERBOSE = LibpqCode(number: 2)

@unsafe
struct PQconninfoOption {
    let keyword: LibpqText
    let val: LibpqText
}

@unsafe
struct PGnotify {
    let relname: UnsafeMutablePointer<CChar>
    let extra: UnsafeMutablePointer<CChar>
    let be_pid: Int32
}

func PQconninfoParse(_: String, _: inout LibpqText) -> UnsafeMutablePointer<PQconninfoOption>? { nil }
func PQconninfoFree(_: UnsafeMutablePointer<PQconninfoOption>?) {}
func PQfreemem(_: UnsafeMutableRawPointer?) {}

func PQconnectStartParams(_: LibpqWords, _: LibpqWords, _: Int32) -> LibpqObject { nil }
func PQconnectPoll(_: LibpqObject) -> LibpqCode { CONNECTION_BAD }
func PQsetErrorVerbosity(_: LibpqObject, _: LibpqCode) {}
func PQsetNoticeReceiver(_: LibpqObject, _: ServerNotices.Receiver, _: UnsafeMutableRawPointer?) {}
func PQsetnonblocking(_: LibpqObject, _: Int32) -> Int32 { -1 }
func PQenterPipelineMode(_: LibpqObject) -> Int32 { 0 }
func PQexitPipelineMode(_: LibpqObject) -> Int32 { 0 }
func PQfinish(_: LibpqObject) {}

func PQstatus(_: LibpqObject) -> LibpqCode { CONNECTION_BAD }
func PQtransactionStatus(_: LibpqObject) -> LibpqCode { CONNECTION_OK }
func PQserverVersion(_: LibpqObject) -> Int32 { 0 }
func PQbackendPID(_: LibpqObject) -> Int32 { 0 }
func PQsocket(_: LibpqObject) -> Int32 { -1 }
func PQparameterStatus(_: LibpqObject, _: String) -> LibpqText { nil }
func PQerrorMessage(_: LibpqObject) -> LibpqText { nil }
func PQconnectionNeedsPassword(_: LibpqObject) -> Int32 { 0 }
func PQsslInUse(_: LibpqObject) -> Int32 { 0 }
func PQgssEncInUse(_: LibpqObject) -> Int32 { 0 }

func PQsendQuery(_: LibpqObject, _: String) -> Int32 { 0 }
func PQsendPrepare(_: LibpqObject, _: String, _: String, _: Int32, _: [UInt32]) -> Int32 { 0 }
func PQsendQueryPrepared(
    _: LibpqObject,
    _: String,
    _: Int32,
    _: LibpqWords,
    _: LibpqNumbers,
    _: LibpqNumbers,
    _: Int32
) -> Int32 { 0 }
func PQsendQueryParams(
    _: LibpqObject,
    _: String,
    _: Int32,
    _: UnsafePointer<UInt32>?,
    _: LibpqWords,
    _: LibpqNumbers,
    _: LibpqNumbers,
    _: Int32
) -> Int32 { 0 }
func PQpipelineSync(_: LibpqObject) -> Int32 { 0 }
func PQflush(_: LibpqObject) -> Int32 { -1 }
func PQconsumeInput(_: LibpqObject) -> Int32 { 0 }
func PQisBusy(_: LibpqObject) -> Int32 { 0 }
func PQgetResult(_: LibpqObject) -> LibpqObject { nil }
func PQnotifies(_: LibpqObject) -> UnsafeMutablePointer<PGnotify>? { nil }

func PQresultStatus(_: LibpqObject) -> LibpqCode { PGRES_FATAL_ERROR }
func PQresultErrorField(_: LibpqObject, _: Int32) -> LibpqText { nil }
func PQntuples(_: LibpqObject) -> Int32 { 0 }
func PQnfields(_: LibpqObject) -> Int32 { 0 }
func PQfname(_: LibpqObject, _: Int32) -> LibpqText { nil }
func PQfformat(_: LibpqObject, _: Int32) -> Int32 { 0 }
func PQftype(_: LibpqObject, _: Int32) -> UInt32 { 0 }
func PQgetisnull(_: LibpqObject, _: Int32, _: Int32) -> Int32 { 1 }
func PQgetlength(_: LibpqObject, _: Int32, _: Int32) -> Int32 { 0 }
func PQgetvalue(_: LibpqObject, _: Int32, _: Int32) -> LibpqText { nil }
func PQcmdTuples(_: LibpqObject) -> LibpqText { nil }
func PQclear(_: LibpqObject) {}
#endif
