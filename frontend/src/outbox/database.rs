//! The browser's database, as far as the outbox needs it: bytes under keys.
//!
//! It may be away, full, of a newer version, or hold what nobody here wrote: all of that is an error or a value.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction,
};

use crate::browser::{self, tolerate};
use crate::engine::{self, Engine};

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

    type Storage;
    #[wasm_bindgen(method, catch)]
    fn persist(this: &Storage) -> Result<Promise, JsValue>;
}

/// Asks the browser not to clear this device's data when it is short of room. It may say no, or have no answer: what is
/// kept is then kept as well as it can.
pub(crate) fn persist() {
    let storage = browser::window()
        .and_then(|window| Reflect::get(&window.navigator(), &"storage".into()).ok())
        .filter(JsValue::is_object)
        .map(JsCast::unchecked_into::<Storage>);
    if let Some(Ok(asked)) = storage.map(|storage| storage.persist()) {
        spawn_local(async move { drop(JsFuture::from(asked).await) });
    }
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
        // It may still come, when whoever stands in the way is gone.
        let blocked = Closure::once_into_js(|| engine::with(Engine::outbox_closed));
        request.set_onblocked(Some(blocked.unchecked_ref()));
        let database: IdbDatabase = answer(&request).await?.unchecked_into();
        // Another version of the page wants to change it: do not stand in its way.
        let closing = Closure::once_into_js({
            let database = database.clone();
            move || {
                database.close();
                engine::with(Engine::outbox_closed);
            }
        });
        database.set_onversionchange(Some(closing.unchecked_ref()));
        // The browser took it away, perhaps with all that was in it.
        let gone = Closure::once_into_js(|| engine::with(Engine::outbox_closed));
        database.set_onclose(Some(gone.unchecked_ref()));
        Ok(Self(database))
    }

    /// Begins a transaction that is done when the bytes are on the disk, not just on their way.
    fn begin(&self) -> Result<(IdbTransaction, IdbObjectStore), JsValue> {
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"strict".into())?;
        let database: &WithOptions = self.0.unchecked_ref();
        let stores = Array::of2(&PENDING.into(), &ASIDE.into());
        let transaction = database.begin(&stores, "readwrite", &options)?;
        let pending = transaction.object_store(PENDING)?;
        Ok((transaction, pending))
    }

    /// Writes all, or nothing.
    pub(crate) async fn put(
        &self,
        records: impl Iterator<Item = (&str, &[u8])>,
    ) -> Result<(), JsValue> {
        let (transaction, store) = self.begin()?;
        for (key, bytes) in records {
            store.put_with_key(&Uint8Array::from(bytes), &key.into())?;
        }
        finished(&transaction).await
    }

    pub(crate) async fn delete(&self, keys: &[String]) -> Result<(), JsValue> {
        let (transaction, store) = self.begin()?;
        for key in keys {
            store.delete(&key.as_str().into())?;
        }
        finished(&transaction).await
    }

    /// Everything whose key begins so, whatever it is.
    pub(crate) async fn all(&self, prefix: &str) -> Result<Vec<(JsValue, JsValue)>, JsValue> {
        let (keys, values) = self.read(PENDING, prefix, |key| key.into()).await?;
        Ok(keys.iter().zip(values.iter()).collect())
    }

    /// What was set aside from under such keys: the keys with their times, and the records.
    pub(crate) async fn aside(&self, prefix: &str) -> Result<Array, JsValue> {
        let name = |key: &str| Array::of1(&key.into()).into();
        let (keys, values) = self.read(ASIDE, prefix, name).await?;
        Ok(Array::of2(&keys, &values))
    }

    async fn read(
        &self,
        store: &str,
        prefix: &str,
        name: fn(&str) -> JsValue,
    ) -> Result<(Array, Array), JsValue> {
        let store = self.0.transaction_with_str(store)?.object_store(store)?;
        let mut end = String::from(prefix);
        end.push(char::MAX);
        let range = IdbKeyRange::bound(&name(prefix), &name(&end))?;
        // Both are asked for before either is awaited: a transaction ends when nothing is asked of it.
        let (keys, values) = (
            store.get_all_keys_with_key(&range)?,
            store.get_all_with_key(&range)?,
        );
        let keys: Array = answer(&keys).await?.unchecked_into();
        let values: Array = answer(&values).await?.unchecked_into();
        Ok((keys, values))
    }

    /// Moves a record out of the way, as it is. What was set aside under the same name stays: the time is part of the new
    /// one, and where even that is taken, the record stays where it is.
    pub(crate) async fn set_aside(&self, key: &JsValue, value: &JsValue) {
        let moved = async {
            let (transaction, pending) = self.begin()?;
            let name = Array::of2(key, &js_sys::Date::now().into());
            transaction
                .object_store(ASIDE)?
                .add_with_key(value, &name)?;
            pending.delete(key)?;
            finished(&transaction).await
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
