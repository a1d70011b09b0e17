import Penstock
import Testing

@testable import PenstockPostgres

@Suite("Errors say what became of a transaction")
struct ErrorTests {
    @Test(
        "A state of a statement has a meaning for the store",
        arguments: [
            ("40001", .storeUnavailable), ("40P01", .storeUnavailable), ("55P03", .storeUnavailable),
            ("53100", .storeUnavailable), ("53200", .storeUnavailable), ("57014", .storeUnavailable),
            ("57P01", .storeUnavailable), ("58030", .storeUnavailable), ("08006", .storeUnavailable),
            ("23505", .conflict), ("54000", .tooLarge), ("25006", .storeUnusable), ("42501", .storeUnusable),
            ("42P01", .storeUnusable), ("26000", .storeUnusable), ("XX001", .storeUnusable), ("22012", .storeUnusable),
            ("", .storeUnusable),
        ] as [(String, PenstockError.Code)]
    )
    func statements(state: String, code: PenstockError.Code) {
        let error = PostgresError(.statement, "the server says no", state: state, sql: "SELECT 1")
        #expect(error.asPenstockError().code == code)
        #expect(error.asPenstockError().description.contains("the server says no"))
    }

    @Test(
        "So has the reason that there is no connection",
        arguments: [
            (nil, .storeUnavailable), ("57P03", .storeUnavailable), ("53300", .storeUnavailable),
            ("28P01", .storeUnusable), ("28000", .storeUnusable), ("3D000", .storeUnusable), ("42501", .storeUnusable),
        ] as [(String?, PenstockError.Code)]
    )
    func refusals(state: String?, code: PenstockError.Code) {
        let error = PostgresError(.refused, "cannot connect", state: state)
        #expect(error.asPenstockError().code == code)
        #expect(error.isConnectionGone)
    }

    @Test("What is lost or late can be tried again on another connection; what is invalid cannot")
    func kinds() {
        for kind in [PostgresError.Kind.lost, .timedOut] {
            #expect(PostgresError(kind, "").isConnectionGone)
            #expect(PostgresError(kind, "").asPenstockError().code == .storeUnavailable)
        }
        #expect(!PostgresError(.invalid, "").isConnectionGone)
        #expect(PostgresError(.invalid, "").asPenstockError().code == .storeUnusable)
        for state in ["57P01", "57P02", "57P03", "08006"] {
            #expect(PostgresError(.statement, "", state: state).isConnectionGone)
        }
        #expect(!PostgresError(.statement, "", state: "57014").isConnectionGone)
        #expect(PostgresError(.statement, "", state: "40P01").isSerializationFailure)
        #expect(!PostgresError(.statement, "", state: "40002").isSerializationFailure)
    }

    @Test("An error is one line, with what the server has added")
    func description() {
        var error = PostgresError(.statement, "no", state: "23505", sql: "INSERT", index: 3)
        error.detail = "Key (a)=(1) already exists."
        error.hint = "Take another."
        #expect(error.description == "PostgreSQL: no (23505); Key (a)=(1) already exists.; Take another. in 'INSERT'")
        #expect("one\nLINE: two \n\tthree\nLOCATION:  here, auth.c:12\n".inOneLine == "one LINE: two three")
    }
}
