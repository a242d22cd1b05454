//! The browser's database, as far as the outbox needs it: bytes under keys.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction,
};

use crate::browser::{self, tolerate};

const NAME: &str = "inkroom";
const VERSION: u32 = 1;
/// Ops on their way.
const PENDING: &str = "pending";
/// Records that cannot be read: kept, in case somebody can.
const ASIDE: &str = "aside";

#[wasm_bindgen]
extern "C" {
    /// A database whose transactions take options, which the bindings do not offer.
    #[wasm_bindgen(extends = IdbDatabase)]
    type WithOptions;
    #[wasm_bindgen(method, catch, js_name = transaction)]
    fn begin(
        this: &WithOptions,
        stores: &JsValue,
        mode: &str,
        options: &JsValue,
    ) -> Result<IdbTransaction, JsValue>;
}

/// An open database.
#[derive(Debug, Clone)]
pub(crate) struct Database(IdbDatabase);

impl Database {
    pub(crate) async fn open() -> Result<Self, JsValue> {
        let factory = browser::window()
            .ok_or(JsValue::NULL)?
            .indexed_db()?
            .ok_or(JsValue::NULL)?;
        let request = factory.open_with_u32(NAME, VERSION)?;
        let upgrade = Closure::once_into_js({
            let request = request.clone();
            move || {
                tolerate("the database", upgrade(&request));
            }
        });
        request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
        let database: IdbDatabase = answer(&request).await?.unchecked_into();
        // Another version of the page wants to change it: do not stand in its way.
        let closing = Closure::once_into_js({
            let database = database.clone();
            move || database.close()
        });
        database.set_onversionchange(Some(closing.unchecked_ref()));
        Ok(Self(database))
    }

    /// Begins a transaction that is done when the bytes are on the disk, not just on their way.
    fn begin(&self, store: &str) -> Result<(IdbTransaction, IdbObjectStore), JsValue> {
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"strict".into())?;
        let database: &WithOptions = self.0.unchecked_ref();
        let transaction = database.begin(&store.into(), "readwrite", &options)?;
        let store = transaction.object_store(store)?;
        Ok((transaction, store))
    }

    /// Writes all, or nothing.
    pub(crate) async fn put(
        &self,
        records: impl Iterator<Item = (&str, &[u8])>,
    ) -> Result<(), JsValue> {
        let (transaction, store) = self.begin(PENDING)?;
        for (key, bytes) in records {
            store.put_with_key(&Uint8Array::from(bytes), &key.into())?;
        }
        finished(&transaction).await
    }

    pub(crate) async fn delete(&self, keys: &[String]) -> Result<(), JsValue> {
        let (transaction, store) = self.begin(PENDING)?;
        for key in keys {
            store.delete(&key.as_str().into())?;
        }
        finished(&transaction).await
    }

    /// Everything whose key begins so.
    pub(crate) async fn all(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JsValue> {
        let store = self
            .0
            .transaction_with_str(PENDING)?
            .object_store(PENDING)?;
        let mut end = String::from(prefix);
        end.push(char::MAX);
        let range = IdbKeyRange::bound(&prefix.into(), &end.into())?;
        // Both are asked for before either is awaited: a transaction ends when nothing is asked of it.
        let (keys, values) = (
            store.get_all_keys_with_key(&range)?,
            store.get_all_with_key(&range)?,
        );
        let keys: Array = answer(&keys).await?.unchecked_into();
        let values: Array = answer(&values).await?.unchecked_into();
        let record = |(key, value): (JsValue, JsValue)| {
            (
                key.as_string().unwrap_or_default(),
                Uint8Array::new(&value).to_vec(),
            )
        };
        Ok(keys.iter().zip(values.iter()).map(record).collect())
    }

    /// Moves a record out of the way.
    pub(crate) async fn set_aside(&self, key: &str, bytes: &[u8]) {
        let moved = async {
            let (transaction, store) = self.begin(ASIDE)?;
            store.put_with_key(&Uint8Array::from(bytes), &key.into())?;
            finished(&transaction).await?;
            self.delete(&[String::from(key)]).await
        };
        let moved: Result<(), JsValue> = moved.await;
        tolerate("setting a record aside", moved);
    }
}

fn upgrade(request: &IdbOpenDbRequest) -> Result<(), JsValue> {
    let database: IdbDatabase = request.result()?.unchecked_into();
    for name in [PENDING, ASIDE] {
        database.create_object_store(name)?;
    }
    Ok(())
}

/// What a request answers.
async fn answer(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await?;
    request.result()
}

/// Waits until a transaction is done.
async fn finished(transaction: &IdbTransaction) -> Result<(), JsValue> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
        transaction.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await.map(drop)
}
