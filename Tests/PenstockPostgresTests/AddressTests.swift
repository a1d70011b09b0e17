import Penstock
import Testing

@testable import PenstockPostgres

@Suite("Where a server is", .enabled(if: hasLibpq, "it takes the trait Postgres"))
struct AddressTests {
    @Test(
        "An address is described without its password",
        arguments: [
            ("postgres://ann:s3cret@db.example:5433/app", "database 'app' at db.example:5433 as 'ann'"),
            ("postgresql://ann@/app?host=%2Frun%2Fpg&password=s3cret", "database 'app' at /run/pg as 'ann'"),
            ("host=one,two port=1,2 user=ann password=s3cret", "the default database at one,two:1,2 as 'ann'"),
            ("dbname='my app'", "database 'my app'"),
        ]
    )
    func description(text: String, words: String) throws {
        let address = try PostgresAddress(text)
        #expect(address.description == words && "\(address)" == words)
        #expect(address.text == text)
    }

    @Test("What it sets can be asked for")
    func settings() throws {
        #expect(try PostgresAddress("postgres://h/app").database == "app")
        #expect(try PostgresAddress("postgres://h").database == nil)
        #expect(try PostgresAddress("postgres://h?connect_timeout=7").timeout == .seconds(7))
        #expect(try PostgresAddress("connect_timeout=0").timeout == nil)
    }

    @Test(
        "What is no address is refused, without the password",
        arguments: [
            "", "  ", "mysql://ann:s3cret@host/app", "postgres://ann:s3cret%zz@host/app", "host=h password='s3cret",
            "postgres://ann:s3cret@[::1/app", "postgres://h/app?pasword=s3cret", "host=h s3cret=1 password=s3cret",
            "nonsense", "dbname=a\0b",
        ]
    )
    func refused(text: String) {
        let error = #expect(throws: PenstockError.self) { try PostgresAddress(text) }
        #expect(error?.code == .storeUnusable)
        #expect(error?.description.contains("s3cret") == false)
        #expect(error?.message.contains("postgres://user@host/database") == true)
    }

    @Test("A mistake is named where it cannot be a password")
    func mistake() {
        let error = #expect(throws: PenstockError.self) { try PostgresAddress("postgres://host/app?hots=x") }
        #expect(error?.message.contains("hots") == true)
    }
}

@Test("Without libpq, there is no address, and the error says why", .enabled(if: !hasLibpq, "libpq is there"))
func withoutLibpq() {
    let error = #expect(throws: PenstockError.self) { try PostgresAddress("postgres://host/app") }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("trait Postgres") == true)
}
